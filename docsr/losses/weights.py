"""Read the weights of the networks that losses use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from docsr.errors import CheckpointError, first_line
from docsr.models.torch_file import read_torch_file

MOST_UNPACKED = 1 << 32
"""Largest size in bytes of all arrays of an .npz; VGG19 has 0.6 billion."""


def read_weights(path: Path, what: str) -> dict[str, Tensor]:
    """Read a state dict from an .npz, a .safetensors or (any other suffix) a file of torch.save.

    Args:
        path: the file.
        what: names its contents in an error, such as "the vgg19 weights".

    Raises:
        CheckpointError: the file cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                _check_unpacked(arrays)
                return {key: torch.from_numpy(arrays[key].astype(np.float32)) for key in arrays.files}
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = read_torch_file(path, what.removeprefix("the "))
    except CheckpointError:
        raise
    except Exception as error:  # each format has its own errors, some with many lines
        raise CheckpointError(f"cannot read {what} {path}: {first_line(error)}") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} does not hold {what}: it is not a state dict")
    return {key: value for key, value in state.items() if isinstance(key, str)}


def _check_unpacked(arrays: np.lib.npyio.NpzFile) -> None:
    assert arrays.zip is not None
    if sum(member.file_size for member in arrays.zip.infolist()) > MOST_UNPACKED:
        raise ValueError(f"it unpacks to more than {MOST_UNPACKED:,} bytes")
