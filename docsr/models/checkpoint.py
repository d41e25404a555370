"""Save and load checkpoints: a generator's weights in safetensors, with a header that describes them.

The training state, which is needed to resume, is another file that ``docsr train`` writes beside it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from docsr.choices import FACTORS
from docsr.errors import CheckpointError
from docsr.io.network_files import open_file
from docsr.io.paths.atomic import atomic_write
from docsr.models import build_generator, generator_shapes
from docsr.models.base import Generator

MOST_BYTES = 1 << 32
"""Largest size of a checkpoint in bytes."""

LONGEST_HEADER = 1 << 22
"""Largest size in bytes of the names and shapes before the weights; RRDB with 23 blocks needs 0.1 million."""

FORMAT_VERSION = 1
KEY = "docsr"


@dataclass(frozen=True)
class Header:
    """The description of a checkpoint.

    Attributes:
        name: registered name of the generator.
        factor: its enlargement.
        args: the other arguments of its constructor, with defaults, which may change in a later version.
        x_height: (low, high) text size in LR px that it was trained on, or None if unknown.
        step: number of generator updates.
        version: version of this format.
    """

    name: str
    factor: int
    args: dict[str, Any]
    x_height: tuple[float, float] | None
    step: int
    version: int = FORMAT_VERSION


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint read from a file."""

    path: Path
    header: Header
    state: dict[str, Tensor]

    def build_generator(self) -> Generator:
        """Build the generator, with its weights, in evaluation mode.

        The shapes of the weights are compared with those in the file before anything is built.

        Raises:
            CheckpointError: the shapes differ.
            UsageError: there is no such generator, or it has no such arguments.
        """
        header, shapes = self.header, {key: tuple(value.shape) for key, value in self.state.items()}
        misfit = f"{self.path}: its weights do not fit the network its header names"
        if generator_shapes(header.name, header.factor, header.args, len(shapes)) != shapes:
            raise CheckpointError(misfit)
        generator = build_generator(header.name, header.factor, header.args)
        try:
            generator.load_state_dict(self.state)
        except RuntimeError as error:
            raise CheckpointError(misfit) from error
        return generator.eval()


def save_checkpoint(path: Path, header: Header, state: dict[str, Tensor]) -> None:
    """Write weights and header atomically."""
    metadata = {KEY: json.dumps(asdict(header))}
    data = save({key: value.detach().cpu().contiguous() for key, value in state.items()}, metadata)
    with atomic_write(path) as file:
        file.write(data)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint in no more memory than the file has bytes.

    Raises:
        CheckpointError: the file is missing, too large, truncated, or without docsr's header.
    """
    _check_length(path)
    try:
        with safe_open(path, framework="pt") as file:
            header = _parse(path, file.metadata() or {})
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: it may be truncated ({error})") from error
    return Checkpoint(path, header, state)


def _check_length(path: Path) -> None:
    """Refuse a file whose header would take far more memory to read than weights do."""
    with open_file(path, "checkpoint", MOST_BYTES) as file:
        length = int.from_bytes(file.read(8), "little")
    if length > LONGEST_HEADER:
        raise CheckpointError(f"{path} is not a whole safetensors file: it may be truncated")


def _parse(path: Path, metadata: dict[str, str]) -> Header:
    if KEY not in metadata:
        raise CheckpointError(f"{path} has no docsr header: it is not a checkpoint of docsr train")
    try:
        values = json.loads(metadata[KEY])
        version = int(values["version"])
        if version > FORMAT_VERSION:  # checked first, since a newer header may have other fields
            raise CheckpointError(f"{path} was written by a newer docsr (format {version}): upgrade docsr")
        x_height = values["x_height"]
        header = Header(**{**values, "x_height": tuple(x_height) if x_height else None})
        _check(header)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{path} has a docsr header that cannot be read") from error
    return header


def _check(header: Header) -> None:
    """Raise a ValueError for a header whose values have a wrong type or range."""
    named = type(header.name) is str and type(header.args) is dict and type(header.version) is int
    if not named or type(header.factor) is not int or header.factor not in FACTORS:
        raise ValueError("it describes no possible network")
    if type(header.step) is not int or header.step < 0:
        raise ValueError("its step is not a number of steps")
    if header.x_height is not None:
        low, high = header.x_height
        if not 0 < low <= high < math.inf:
            raise ValueError("its x_height is not a possible text size")
