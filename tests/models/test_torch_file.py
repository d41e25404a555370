"""Files of torch.save from strangers: no code, and no more memory than the file has bytes."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from docsr.errors import CheckpointError
from docsr.losses.weights import read_weights
from docsr.models.torch_file import MOST_PICKLED, read_torch_file
from docsr.training.state import STATE
from tests.training.test_state import TINY, resumed, state

LARGE = 1 << 34


class Asks:
    """Something whose unpickling calls a callable."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.asked = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.asked


def saved(values: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def packed(content: bytes) -> bytes:
    """The same file with its members deflated."""
    source, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    return buffer.getvalue()


def laid_out(size: tuple[int, ...]) -> torch.Tensor:
    """One number that looks like many."""
    return torch.zeros(1).expand(size)


def with_pickle(data: bytes) -> bytes:
    """A file of torch.save with another pickle in it."""
    source, buffer = zipfile.ZipFile(io.BytesIO(saved({}))), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for member in source.infolist():
            target.writestr(member.filename, data if member.filename.endswith(".pkl") else source.read(member))
    return buffer.getvalue()


HOSTILE = {
    "bytes of any length": saved({"config": Asks(bytearray, LARGE)}),
    "packed": packed(saved({"config": torch.zeros(1 << 20)})),
    "one number as many": saved({"config": laid_out((1 << 20, 1 << 20))}),
    "one number as many, often": saved({"config": [laid_out((1 << 12,)) for _ in range(100)]}),
    "a set": saved({"config": {1, 2}}),
    "code": with_pickle(pickle.dumps({"config": Asks(os.getcwd)}, protocol=2)),
    "code by another way": with_pickle(pickle.dumps({"config": Asks(os.getcwd)}, protocol=4)),
    "a long pickle": with_pickle(b"\x80\x02" + b"N0" * (MOST_PICKLED // 2 + 1) + b"N."),
    "no pickle": with_pickle(b"nothing"),
    "an empty pickle": with_pickle(b""),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_would_take_more_memory_or_run_is_refused(tmp_path: Path, case: str) -> None:
    (tmp_path / STATE).write_bytes(HOSTILE[case])
    with pytest.raises(CheckpointError, match=r"cannot be resumed|is not the state") as caught:
        resumed(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match=r"cannot read the weights|not a state dict"):
        read_weights(tmp_path / STATE, "the weights")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Any) -> None:
    make(tmp_path / STATE)
    with pytest.raises(CheckpointError, match=r"state of a training .*state\.pt"):
        resumed(tmp_path)


def test_what_torch_saves_is_read(tmp_path: Path) -> None:
    shared = torch.rand(50)
    values: dict[str, Any] = {
        "a": shared,
        "b": shared[:25],
        "c": OrderedDict(x=torch.ones(2, dtype=torch.long)),
        "d": [1, 2.5, "text", None, True, (1 << 80)],
        "e": torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16)),
        "f": torch.get_rng_state(),
    }
    torch.save(values, tmp_path / "a.pt")
    read = read_torch_file(tmp_path / "a.pt", "file")
    assert read["d"] == values["d"]
    assert all(torch.equal(read[key], values[key]) for key in "abef")


def test_a_list_within_itself_ends(tmp_path: Path) -> None:
    values: list[Any] = [torch.ones(2)]
    for _ in range(60):
        values = [values, values]
    torch.save(values, tmp_path / "a.pt")
    assert len(read_torch_file(tmp_path / "a.pt", "file")) == 2


def test_arrays_that_unpack_to_more_than_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20, np.float32))
    assert read_weights(tmp_path / "a.npz", "the weights")["a"].shape == (1 << 20,)
    monkeypatch.setattr("docsr.losses.weights.MOST_UNPACKED", 1 << 22)
    with pytest.raises(CheckpointError, match="unpacks to more than 4,194,304 bytes"):
        read_weights(tmp_path / "a.npz", "the weights")


def test_a_state_of_our_own_is_still_read(tmp_path: Path) -> None:
    first = state(**TINY)
    first.step = 5
    first.save(tmp_path, None)
    assert resumed(tmp_path).step == 5
