"""Register networks by name, and build them. To add one, write a file beside this one and add a line here."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

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


MOST = 4096
"""The largest whole number that an argument may be: channels, blocks, pixels of a kernel."""

_WANTED = {int: "a whole number", float: "a number", bool: "true or false"}
"""How a message describes the type of an argument."""


def build_generator(name: str, factor: int, args: dict[str, Any]) -> Generator:
    """Build a registered generator, or raise a UsageError that names the wrong argument."""
    return _build("generator", name, GENERATORS.find(name), args, factor=factor)


def generator_shapes(name: str, factor: int, args: dict[str, Any], most: int) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes of a registered generator's weights by name, without allocating them.

    Args:
        name: its registered name.
        factor: its enlargement.
        args: the other arguments of its constructor.
        most: largest number of weights to build; for a network with more, None is returned.

    Raises:
        UsageError: as :func:`build_generator`.
    """
    try:
        with torch.device("meta"), _limit_weights(most):
            network = build_generator(name, factor, args)
    except _TooMany:
        return None
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


class _TooMany(Exception):
    """A network has more weights than allowed."""


@contextmanager
def _limit_weights(most: int) -> Iterator[None]:
    """Raise _TooMany when this thread registers more weights, so that a network of a billion blocks ends early."""
    thread, weights = threading.get_ident(), count(1)

    def on_weight(_module: nn.Module, _name: str, _weight: nn.Parameter | None) -> None:
        if threading.get_ident() == thread and next(weights) > most:
            raise _TooMany

    hook = register_module_parameter_registration_hook(on_weight)
    try:
        yield
    finally:
        hook.remove()


def build_discriminator(name: str, factor: int, patch: int, args: dict[str, Any], colours: int = 1) -> nn.Module:
    """Build a registered discriminator for HR patches of ``patch`` px, grey (1) or RGB (3), or raise a UsageError."""
    critic = DISCRIMINATORS.find(name)
    return _build("discriminator", name, critic, args, factor=factor, patch=patch, colours=colours)


def generator_arguments(name: str, args: dict[str, Any]) -> dict[str, Any]:
    """Return all arguments of a registered generator except the factor, with defaults for those not given."""
    parameters = inspect.signature(GENERATORS.find(name)).parameters
    return {key: args.get(key, parameter.default) for key, parameter in parameters.items() if key != "factor"}


def _build(kind: str, name: str, network: Callable[..., Built], args: dict[str, Any], **given: int) -> Built:
    parameters = inspect.signature(network, eval_str=True).parameters
    choices = [key for key in parameters if key not in given]
    for key, value in args.items():
        if key not in choices:
            raise UsageError(f"{kind} '{name}': unknown argument '{key}'{suggestion(key, choices)}")
        wanted = parameters[key].annotation
        whole = wanted is float and type(value) is int  # YAML reads 1 as an int
        if wanted in _WANTED and type(value) is not wanted and not whole:  # isinstance would take true for an int
            raise UsageError(f"{kind} '{name}': {key} must be {_WANTED[wanted]}, not {value!r}")
        if isinstance(value, int) and abs(value) > MOST:
            raise UsageError(f"{kind} '{name}': {key} must be {MOST:,} at most")
    try:
        return network(**given, **args)
    except ValueError as error:
        raise UsageError(f"{kind} '{name}': {error}") from error
    except RuntimeError as error:  # torch's message has many lines
        raise UsageError(f"{kind} '{name}': its arguments ask for more memory than there is") from error
