"""A network's file from outside is tried in a process of its own; what docsr ships is not."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from docsr.batch.options import EnhanceOptions
from docsr.errors import CheckpointError, UsageError
from docsr.upscalers import trial as module
from docsr.upscalers.trial import tried
from docsr.weights import catalogue
from tests.upscalers.graph.files import TWICE, network
from tests.upscalers.onnx_files import conv_network, resize_network


def killed(_wish: Any) -> int:
    """What a fault in a library does."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 2


def loaded_here(*_: Any, **__: Any) -> Any:
    raise AssertionError("this process loaded the network")


def test_a_file_is_not_loaded_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "InferenceSession", loaded_here)
    assert tried(str(conv_network(tmp_path / "a.onnx", 4))) == 4
    EnhanceOptions(model=str(tmp_path / "a.onnx")).check()


def test_what_is_shipped_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SingleWorker", loaded_here)
    card = catalogue()["compact_x2"]
    assert tried("compact_x2") == tried(str(card.path)) == 2
    assert tried("bicubic", 4) == 4


def test_a_copy_of_what_is_shipped_is_a_file_as_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "InferenceSession", loaded_here)
    (tmp_path / "compact_x2.onnx").write_bytes(catalogue()["compact_x2"].path.read_bytes())
    assert tried(str(tmp_path / "compact_x2.onnx")) == 2


def test_what_ends_its_process_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_factor", killed)
    with pytest.raises(CheckpointError, match=r"a\.onnx crashed its process \(out of memory\?\) each time") as caught:
        tried(str(tmp_path / "a.onnx"))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_what_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of large convolutions that share their weights: a small file, minutes of work."""
    names = ["x", *(f"a{number}" for number in range(200)), "z"]
    mean = [helper.make_node("ReduceMean", ["x"], ["a0"], axes=[0], keepdims=1)]
    wide = [helper.make_node("Concat", ["a0"] * 128, ["a1"], axis=1)]
    work = [
        helper.make_node("Conv", [before, "weights"], [after], pads=[7] * 4) for before, after in pairwise(names[2:])
    ]
    one = helper.make_node("ReduceMean", ["z"], ["grey"], axes=[1], keepdims=1)
    last = helper.make_node("Resize", ["grey", "", "twice"], ["y"])
    weights = {"twice": TWICE, "weights": np.full((128, 128, 15, 15), 1e-4, np.float32)}
    (tmp_path / "slow.onnx").write_bytes(network([*mean, *wide, *work, one, last], weights))
    monkeypatch.setattr(module, "SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(CheckpointError, match=r"slow\.onnx took more than 0\.5 s each time"):
        tried(str(tmp_path / "slow.onnx"))
    assert time.monotonic() - started < 30


@pytest.mark.slow_except("None")
@pytest.mark.parametrize("factor", [None, 2])
def test_its_own_errors_come_back(tmp_path: Path, factor: int | None) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(CheckpointError, match="not a readable ONNX network"):
        tried(str(tmp_path / "text.onnx"), factor)
    resize_network(tmp_path / "four.onnx", 4)
    with pytest.raises(UsageError, match="enlarges 4 times, not 2"):
        tried(str(tmp_path / "four.onnx"), 2)


@pytest.mark.slow
def test_checkpoints_are_tried_apart_too(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        tried(str(tmp_path / "a.safetensors"))
