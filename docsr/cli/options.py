"""List every option of a training run with its default, for ``docsr train --help`` and the documentation."""

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
    """Add the options of ``--set`` to the end of a command's help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options, and the arguments of the networks if torch is installed."""
        from docsr.train_config import TrainConfig

        with formatter.section("Keys of --set and of a configuration, with their defaults"):
            _write(formatter, options_of(TrainConfig))
        with formatter.section("Arguments of the networks (generator.args, discriminator.args), with their defaults"):
            try:
                _write(
                    formatter,
                    ((f"{name} of {network}", default, text) for network, name, default, text in arguments_of()),
                )
            except ModuleNotFoundError:
                formatter.write("  pip install 'docsr[train]' to see them\n")


def _write(formatter: click.HelpFormatter, rows: Iterable[tuple[str, str, str]]) -> None:
    for name, default, description in rows:
        lines = textwrap.wrap(f"{name} [{default}] {description}", WIDTH, subsequent_indent="    ")
        formatter.write("".join(f"  {line}\n" for line in lines))


def arguments_of() -> Iterator[tuple[str, str, str, str]]:
    """Yield (network, argument, default, description) of the networks' constructors, from their docstrings.

    Arguments that a run sets itself are left out: factor, patch, and the discriminator's colours.
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
"""Matches the start of an argument's description in the Args of a docstring."""


def options_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (dotted name, default in YAML's notation, description) of each option, and descend into groups."""
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
