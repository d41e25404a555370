"""ONNX networks: what is accepted, what is refused in one sentence, threads and pickles."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from docsr.errors import CheckpointError
from docsr.upscalers.onnx import OnnxUpscaler
from tests.onnx_files import conv_network, resize_network, save

OURS = {
    "docsr.name": "tiny_x2",
    "docsr.factor": "2",
    "docsr.overlap": "3",
    "docsr.x_height_min": "6",
    "docsr.x_height_max": "14",
    "docsr.version": "7",
}


def test_metadata_is_read(tmp_path: Path) -> None:
    upscaler = OnnxUpscaler(conv_network(tmp_path / "a.onnx", metadata=OURS), threads=1)
    assert (upscaler.name, upscaler.factor, upscaler.overlap) == ("tiny_x2", 2, 3)
    assert (upscaler.x_height, upscaler.version) == ((6.0, 14.0), "7")


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_file_without_metadata_is_probed(tmp_path: Path, factor: int) -> None:
    upscaler = OnnxUpscaler(conv_network(tmp_path / "other.onnx", factor), threads=1)
    assert (upscaler.name, upscaler.factor, upscaler.overlap) == ("other", factor, 32)
    plane = np.zeros((5, 9), dtype=np.float32)
    assert upscaler(plane).shape == (5 * factor, 9 * factor)
    assert not upscaler.keeps_white


def test_white_is_probed(tmp_path: Path) -> None:
    assert OnnxUpscaler(resize_network(tmp_path / "a.onnx"), threads=1).keeps_white


def test_pickle_and_threads_give_the_same(tmp_path: Path) -> None:
    upscaler = OnnxUpscaler(conv_network(tmp_path / "a.onnx"), threads=1)
    plane = np.random.default_rng(1).random((30, 40), dtype=np.float32)
    expected = upscaler(plane)
    assert np.array_equal(pickle.loads(pickle.dumps(upscaler))(plane), expected)
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(one, expected) for one in pool.map(upscaler, [plane] * 8))


def _external(path: Path) -> None:
    model = onnx.load(conv_network(path))
    onnx.save(model, path, save_as_external_data=True, size_threshold=0)


def _rank_two(path: Path) -> None:
    save(path, [helper.make_node("Relu", ["x"], ["y"])], [], ["h", "w"], {})


BAD = {
    "missing": (lambda path: None, "cannot read"),
    "text": (lambda path: path.write_text("not a network"), "not a readable ONNX network"),
    "empty": (lambda path: path.write_bytes(b""), "not a readable ONNX network"),
    "external": (_external, "second file"),
    "rank": (_rank_two, "rank 2"),
    "colour": (lambda path: conv_network(path, channels=3), "3 channels"),
    "fixed": (lambda path: conv_network(path, size=(48, 40)), "free height"),
    "three": (lambda path: conv_network(path, upsample=3), "power of two"),
    "one": (lambda path: conv_network(path, upsample=1), "power of two"),
    "lie": (lambda path: conv_network(path, 4, metadata=OURS), "says factor 2"),
    "overlap": (lambda path: conv_network(path, metadata=OURS | {"docsr.overlap": "x"}), "not a number"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, case: str) -> None:
    make, words = BAD[case]
    path = tmp_path / "bad.onnx"
    make(path)
    with pytest.raises(CheckpointError, match=words) as caught:
        OnnxUpscaler(path, threads=1)
    assert "\n" not in str(caught.value)


def test_truncated_file(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match="ONNX"):
        OnnxUpscaler(path, threads=1)
