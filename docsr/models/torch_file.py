"""Read files of torch.save in no more memory than they have bytes.

``weights_only`` keeps code out, but little else: such a file may be packed to a thousandth of its size, ask for a
``bytearray`` of any length, or lay a tensor of any size over a single number.
"""

from __future__ import annotations

import os
import pickletools  # nosec B403
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from docsr.io.network_files import open_file

MOST_BYTES = 1 << 34
"""Largest size of a file in bytes."""

MOST_PICKLED = 1 << 26
"""Largest size in bytes of everything in a file except the numbers of tensors."""

_STORAGES = ("BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")
_NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in _STORAGES),
}
"""Names in the pickles of training states and weights."""

_OTHER_WAYS = {"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"}
"""Opcodes that name an object in ways that torch.save does not use."""


def read_torch_file(path: Path, what: str) -> Any:
    """Return what torch.save wrote: numbers, texts and tensors, on the CPU, in dictionaries and lists.

    Args:
        path: the file.
        what: the name of its contents in an error.

    Raises:
        CheckpointError: it is missing, too large, or not a file.
        OSError: it cannot be read.
        ValueError: it would take more memory than it has bytes.
        Exception: whatever torch raises for a damaged file.
    """
    with open_file(path, what, MOST_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        if zipfile.is_zipfile(file):
            _check_packed(file, size)
        file.seek(0)
        values = torch.load(file, map_location="cpu", weights_only=True)
    _check_tensors(values, size)
    return values


def _check_packed(file: BinaryIO, size: int) -> None:
    """Refuse a file that unpacks to more than its size, or that names objects that tensors do not need."""
    with zipfile.ZipFile(file) as packed:
        members = packed.infolist()
        if sum(member.file_size for member in members) > size or any(member.compress_type for member in members):
            raise ValueError("it unpacks to more than its size")
        pickled = [member for member in members if member.filename.endswith(".pkl")]
        if sum(member.file_size for member in pickled) > MOST_PICKLED:
            raise ValueError("it holds too much beside tensors")
        for member in pickled:
            for code, argument, _ in pickletools.genops(packed.read(member)):
                if code.name in _OTHER_WAYS or (code.name == "GLOBAL" and argument not in _NAMES):
                    raise ValueError("it holds something other than numbers, texts and tensors")


def _check_tensors(values: Any, size: int) -> None:
    """Refuse tensors that are larger than the file, alone or together."""
    waiting, seen, total = [values], set[int](), 0
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        if isinstance(value, Tensor):
            total += value.numel() * value.element_size()
        elif isinstance(value, (dict, list, tuple)):
            seen.add(id(value))
            waiting += value.values() if isinstance(value, dict) else value
    if total > 2 * size:  # some tensors share their numbers
        raise ValueError("its tensors are larger than the file")
