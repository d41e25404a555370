"""The command line: options in, one call into the verb, results and errors out. Only this package prints or exits.

Commands import what they need when they run, so that ``--help`` is quick and ``enhance`` never loads torch.
"""

from __future__ import annotations

from typing import NoReturn

import click

from docsr import __version__
from docsr.cli.benchmark import benchmark
from docsr.cli.compare import compare
from docsr.cli.enhance import enhance
from docsr.cli.models import models
from docsr.cli.top import run
from docsr.cli.training import export, prepare, train


def main() -> NoReturn:
    """Run ``docsr`` and exit."""
    run(cli)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="docsr")
def cli() -> None:
    """Super-resolution of document images before OCR.

    Exit codes of every command: those that its help tells; 1 also where standard output cannot be written, 70 where
    docsr met what it does not expect (--debug tells where), 141 where nobody reads standard output any more.
    """


for command in (enhance, compare, models, prepare, train, export, benchmark):
    cli.add_command(command)
