"""Networks, by name. Adding one: a file beside this and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from docsr.errors import UsageError
from docsr.models.base import Generator
from docsr.models.compact import Compact
from docsr.models.discriminator import Discriminator
from docsr.models.srresnet import SRResNet
from docsr.registry import Registry

GENERATORS: Registry[Callable[..., Generator]] = Registry(
    "generator",
    {
        "srgan": SRResNet,
        "compact": Compact,
    },
)

DISCRIMINATORS: Registry[Callable[..., nn.Module]] = Registry(
    "discriminator",
    {
        "srgan": Discriminator,
    },
)


def build_generator(name: str, factor: int, args: dict[str, Any]) -> Generator:
    """Build a registered generator, or raise a UsageError that names the wrong argument."""
    try:
        return GENERATORS.find(name)(factor=factor, **args)
    except (TypeError, ValueError) as error:
        raise UsageError(f"generator '{name}': {error}") from error


def build_discriminator(name: str, factor: int, patch: int, args: dict[str, Any]) -> nn.Module:
    """Build a registered discriminator for HR patches of ``patch`` px, or raise a UsageError."""
    try:
        return DISCRIMINATORS.find(name)(factor=factor, patch=patch, **args)
    except (TypeError, ValueError) as error:
        raise UsageError(f"discriminator '{name}': {error}") from error
