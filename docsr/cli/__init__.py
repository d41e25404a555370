"""The command line: options in, one call into the verb, results and errors out. Only this package prints or exits.

Commands import what they need when they run, so that ``--help`` is quick and ``enhance`` never loads torch.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from docsr import __version__
from docsr.cli.benchmark import benchmark
from docsr.cli.checks import terminable
from docsr.cli.compare import compare
from docsr.cli.enhance import enhance
from docsr.cli.models import models
from docsr.cli.training import export, prepare, train
from docsr.errors import DocsrError, Interrupted


def main() -> NoReturn:
    """Run ``docsr`` and exit."""
    run(cli)


def run(command: click.Command) -> NoReturn:
    """Run a command and exit: an error of ours is one line on stderr and its exit code; SIGTERM is as Ctrl-C."""
    try:
        with terminable():
            code = command.main(standalone_mode=False) or 0
        sys.exit(code)
    except click.exceptions.Abort:
        _fail(Interrupted("interrupted"))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _fail(Interrupted("interrupted"))
    except DocsrError as error:
        _fail(error)


def _fail(error: DocsrError) -> NoReturn:
    click.echo(f"docsr: error: {error}", err=True)
    sys.exit(error.exit_code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="docsr")
def cli() -> None:
    """Super-resolution of document images before OCR."""


for command in (enhance, compare, models, prepare, train, export, benchmark):
    cli.add_command(command)
