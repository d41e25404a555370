"""Parse the command line, call the matching verb, and print its results or errors.

No other package prints or exits. Each command imports what it needs when it runs, so that ``--help`` is quick and
``enhance`` never loads torch.
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

    Besides the exit codes in its own help, every command can exit with 1 if standard output cannot be written, 70 after
    an unexpected error (--debug shows the traceback), and 141 if the program that reads its output has ended.
    """


for command in (enhance, compare, models, prepare, train, export, benchmark):
    cli.add_command(command)
