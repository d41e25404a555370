"""Checkpoints: a generator's weights in safetensors with a header that says what they are.

Training state (for resume) is another file, written by ``docsr train`` beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from docsr.errors import CheckpointError
from docsr.io.files import atomic_write
from docsr.models import build_generator
from docsr.models.base import Generator

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
        """Build the generator, with its weights, in evaluation mode."""
        generator = build_generator(self.header.name, self.header.factor, self.header.args)
        try:
            generator.load_state_dict(self.state)
        except RuntimeError as error:
            raise CheckpointError(f"{self.path}: its weights do not fit the network its header names") from error
        return generator.eval()


def save_checkpoint(path: Path, header: Header, state: dict[str, Tensor]) -> None:
    """Write weights and header atomically."""
    metadata = {KEY: json.dumps(asdict(header))}
    data = save({key: value.detach().cpu().contiguous() for key, value in state.items()}, metadata)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: missing, truncated, or without docsr's header.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except FileNotFoundError as error:
        raise CheckpointError(f"the checkpoint {path} does not exist") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: it may be truncated ({error})") from error
    return Checkpoint(path, _parse(path, metadata), state)


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
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} has a docsr header that cannot be read") from error
    return header
