"""Checkpoints: a generator's weights in safetensors with a header that says what they are.

Training state (for resume) is another file, written by ``docsr train`` beside it.
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

from docsr.errors import CheckpointError
from docsr.io.network_files import open_file
from docsr.io.paths.atomic import atomic_write
from docsr.models import build_generator, generator_shapes
from docsr.models.base import Generator

MOST_BYTES = 1 << 32
"""Bytes that a checkpoint may have."""

LONGEST_HEADER = 1 << 22
"""Bytes of names and shapes that it may have before its weights; those of RRDB with 23 blocks take 0.1 million."""

FACTORS = (2, 4, 8)
FORMAT_VERSION = 1
KEY = "docsr"


@dataclass(frozen=True)
class Header:
    """What a checkpoint holds.

    Attributes:
        name: registered name of the generator.
        factor: its enlargement.
        args: its constructor's further arguments, defaults among them: a default may change after this was written.
        x_height: (low, high) text size in LR px that it was trained on, or None when unknown.
        step: generator updates so far.
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

        Nothing is built before the shapes of its weights are found to be those in the file.

        Raises:
            CheckpointError: they are others.
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
    """Read a checkpoint; it takes as much memory as it has bytes.

    Raises:
        CheckpointError: missing, too large, truncated, or without docsr's header.
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
        if version > FORMAT_VERSION:  # before the rest: a newer header may hold what this one does not know
            raise CheckpointError(f"{path} was written by a newer docsr (format {version}): upgrade docsr")
        x_height = values["x_height"]
        header = Header(**{**values, "x_height": tuple(x_height) if x_height else None})
        _check(header)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{path} has a docsr header that cannot be read") from error
    return header


def _check(header: Header) -> None:
    """Raise a ValueError for a header whose values are not of their kind."""
    named = type(header.name) is str and type(header.args) is dict and type(header.version) is int
    if not named or type(header.factor) is not int or header.factor not in FACTORS:
        raise ValueError("no network that can be")
    if type(header.step) is not int or header.step < 0:
        raise ValueError("no number of steps")
    if header.x_height is not None:
        low, high = header.x_height
        if not 0 < low <= high < math.inf:
            raise ValueError("no text size that can be")
