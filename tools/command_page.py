"""Write docs/commands.md: every command of docsr with its help and every option. A test holds the page to them."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from docsr.cli import cli

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
WIDTH = 120
HEAD = """# Commands

This page is the reference of the command line: what `docsr COMMAND --help` says, made by `make tables`. The keys of
`docsr train --set` have [a page of their own](training-options.md).

If something fails, `docsr --debug COMMAND` adds the traceback. Every command can end with two exit codes besides its
own: 70, an unexpected error, and 141, nobody reads its output any more ([all codes](batches.md#exit-codes)).
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    above = click.Context(cli, info_name="docsr", terminal_width=WIDTH, **cli.context_settings)
    for name, command in cli.commands.items():
        context = click.Context(command, info_name=name, parent=above, **command.context_settings)
        parts += [f"## docsr {name}\n", *_about(command), *_usage(context), *_options(context)]
    return "\n".join(parts)


def _about(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield _wrapped(_plain(paragraph)) + "\n"


def _usage(context: click.Context) -> Iterator[str]:
    yield "```text\n" + context.get_usage().removeprefix("Usage: ") + "\n```\n"


def _options(context: click.Context) -> Iterator[str]:
    for option in context.command.get_params(context):
        if isinstance(option, click.Option) and (record := option.get_help_record(context)) is not None:
            names, meaning = record
            yield _wrapped(f"`{names}`: {_plain(meaning)}", "- ", "  ")
    yield ""


def _plain(text: str) -> str:
    """Words that Markdown shall show as they are, but for what stands between backticks."""
    parts = re.split("(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else re.sub(r"([*\[\]])", r"\\\1", part) for part in parts)


def _wrapped(text: str, first: str = "", others: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE.name} is not what the commands say: run make tables")
