"""Networks, by name. Adding one: a file beside this and a line here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from docsr.errors import UsageError
from docsr.models.base import Generator
from docsr.models.compact import Compact
from docsr.models.discriminator import DeepDiscriminator, Discriminator
from docsr.models.edsr import EDSR, MDSR
from docsr.models.rrdb import RRDB
from docsr.models.srresnet import SRResNet
from docsr.registry import Registry, suggestion

Built = TypeVar("Built", bound=nn.Module)

GENERATORS: Registry[Callable[..., Generator]] = Registry(
    "generator",
    {
        "srgan": SRResNet,
        "compact": Compact,
        "rrdb": RRDB,
        "edsr": EDSR,
        "mdsr": MDSR,
    },
)

DISCRIMINATORS: Registry[Callable[..., nn.Module]] = Registry(
    "discriminator",
    {
        "srgan": Discriminator,
        "deep": DeepDiscriminator,
    },
)


_WANTED = {int: "a whole number", float: "a number", bool: "true or false"}
"""What an argument of this type is called when it is something else."""


def build_generator(name: str, factor: int, args: dict[str, Any]) -> Generator:
    """Build a registered generator, or raise a UsageError that names the wrong argument."""
    return _build("generator", name, GENERATORS.find(name), args, factor=factor)


def build_discriminator(name: str, factor: int, patch: int, args: dict[str, Any], colours: int = 1) -> nn.Module:
    """Build a registered discriminator for HR patches of ``patch`` px, grey (1) or RGB (3), or raise a UsageError."""
    critic = DISCRIMINATORS.find(name)
    return _build("discriminator", name, critic, args, factor=factor, patch=patch, colours=colours)


def generator_arguments(name: str, args: dict[str, Any]) -> dict[str, Any]:
    """All arguments of a registered generator but the factor: those given, and the defaults of the others."""
    parameters = inspect.signature(GENERATORS.find(name)).parameters
    return {key: args.get(key, parameter.default) for key, parameter in parameters.items() if key != "factor"}


def _build(kind: str, name: str, network: Callable[..., Built], args: dict[str, Any], **given: int) -> Built:
    known = inspect.signature(network, eval_str=True).parameters
    choices = [key for key in known if key not in given]
    for key, value in args.items():
        if key not in choices:
            raise UsageError(f"{kind} '{name}': unknown argument '{key}'{suggestion(key, choices)}")
        wanted = known[key].annotation
        whole = wanted is float and type(value) is int  # YAML's 1 is no 1.0
        if wanted in _WANTED and type(value) is not wanted and not whole:  # not isinstance: true is an int
            raise UsageError(f"{kind} '{name}': {key} must be {_WANTED[wanted]}, not {value!r}")
    try:
        return network(**given, **args)
    except ValueError as error:
        raise UsageError(f"{kind} '{name}': {error}") from error
    except RuntimeError as error:  # what torch says is many lines
        raise UsageError(f"{kind} '{name}': its arguments ask for more memory than there is") from error
