"""Every option of a training run with its default, for ``docsr train --help`` and the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

WIDTH = 108


class TrainCommand(click.Command):
    """A command whose help ends with the options of ``--set``."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them."""
        from docsr.config import TrainConfig

        with formatter.section("Keys of --set and of a configuration, with their defaults"):
            for name, default, description in options_of(TrainConfig):
                lines = textwrap.wrap(f"{name} [{default}] {description}", WIDTH, subsequent_indent="    ")
                formatter.write("".join(f"  {line}\n" for line in lines))


def options_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str, str]]:
    """(dotted name, default as YAML would have it, description) of each option, groups opened."""
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from options_of(kind, f"{above}{name}.")
        else:
            yield f"{above}{name}", _shown(field.get_default(call_default_factory=True)), field.description or ""


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return "[" + ", ".join(map(_shown, default)) + "]"
    return f"{default:g}" if isinstance(default, float) else str(default)
