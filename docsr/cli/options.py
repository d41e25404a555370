"""Every option of a training run with its default, for ``docsr train --help`` and the documentation."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

WIDTH = 108


class TrainCommand(click.Command):
    """A command whose help ends with the options of ``--set``."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them, and the arguments of the networks where torch is installed."""
        from docsr.train_config import TrainConfig

        with formatter.section("Keys of --set and of a configuration, with their defaults"):
            _write(formatter, options_of(TrainConfig))
        with formatter.section("Arguments of the networks (generator.args, discriminator.args), with their defaults"):
            try:
                _write(
                    formatter,
                    ((f"{one} of {network}", default, text) for network, one, default, text in arguments_of()),
                )
            except ModuleNotFoundError:
                formatter.write("  pip install 'docsr[train]' to see them\n")


def _write(formatter: click.HelpFormatter, rows: Iterable[tuple[str, str, str]]) -> None:
    for name, default, description in rows:
        lines = textwrap.wrap(f"{name} [{default}] {description}", WIDTH, subsequent_indent="    ")
        formatter.write("".join(f"  {line}\n" for line in lines))


def arguments_of() -> Iterator[tuple[str, str, str, str]]:
    """(network, argument, default, description) of what the constructors of the networks take, from their docstrings.

    Left out is what a run gives of itself: factor, patch, and the discriminator's colours.
    """
    from docsr.models import DISCRIMINATORS, GENERATORS

    for kind, networks, given in (
        ("generator", GENERATORS, {"factor"}),
        ("discriminator", DISCRIMINATORS, {"factor", "patch", "colours"}),
    ):
        for name, network in networks.items():
            described = _ARGUMENT.split(inspect.cleandoc(network.__doc__ or "").partition("\nArgs:\n")[2])[1:]
            meanings = dict(zip(described[::2], described[1::2], strict=True))
            for argument, parameter in inspect.signature(network).parameters.items():
                if argument not in given:
                    meaning = " ".join(meanings[argument].split()).removesuffix(".")
                    yield f"{kind} {name}", argument, _shown(parameter.default), meaning


_ARGUMENT = re.compile(r"^    (\w+): ", re.MULTILINE)
"""Begins the description of an argument in a docstring's Args."""


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
        return "null"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return "[" + ", ".join(map(_shown, default)) + "]"
    return f"{default:g}" if isinstance(default, float) else str(default)
