"""Take a network's name or file on the command line; an old name is replaced with a warning."""

from __future__ import annotations

from typing import Any

import click

from docsr.cli.echo import say
from docsr.weights import current_name


class ModelName(click.types.StringParamType):
    """A name in the catalogue or the path of a network file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name of today."""
        return current_name(super().convert(value, param, ctx), lambda sentence: say(f"docsr: {sentence}", err=True))
