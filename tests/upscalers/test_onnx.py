"""ONNX networks: what is accepted, what is refused in one sentence, threads and pickles."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from docsr.errors import CheckpointError, PageError
from docsr.upscalers.onnx import OnnxUpscaler
from tests.upscalers.onnx_files import conv_network, resize_network, save

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


def _blocks_of_eight(path: Path, before: list[onnx.NodeProto], first: str) -> None:
    """Space to depth by 8 and back at twice the size: what goes in must be a multiple of 8."""
    weights = [
        numpy_helper.from_array(np.full((256, 64, 1, 1), 0.01, dtype=np.float32), "mix"),
        numpy_helper.from_array(np.array(8), "eight"),
    ]
    nodes = [
        *before,
        helper.make_node("SpaceToDepth", [first], ["a"], blocksize=8),
        helper.make_node("Conv", ["a", "mix"], ["b"]),
        helper.make_node("DepthToSpace", ["b"], ["y"], blocksize=16),
    ]
    save(path, nodes, weights, ["n", 1, "h", "w"], {})


def _only_multiples_of_eight(path: Path) -> None:
    _blocks_of_eight(path, [], "x")


def _rounded_up_to_eight(path: Path) -> None:
    """Pads to the next multiple of 8, as window attention does, and does not crop again."""
    before = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Neg", ["shape"], ["negative"]),
        helper.make_node("Mod", ["negative", "eight"], ["rest"]),
        helper.make_node("Mul", ["rest", "sides"], ["ends"]),
        helper.make_node("Concat", ["none", "ends"], ["pads"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["padded"], mode="edge"),
    ]
    _blocks_of_eight(path, before, "padded")
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 0, 1, 1]), "sides"))
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(4, dtype=np.int64), "none"))
    onnx.save(model, path)


def _resized_to(path: Path, size: tuple[int, int]) -> Path:
    """Always the same size, as a network traced at one size may have it."""
    sizes = numpy_helper.from_array(np.array([1, 1, *size]), "sizes")
    nodes = [helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="nearest")]
    return save(path, nodes, [sizes], ["n", 1, "h", "w"], {})


def _three_pages(path: Path) -> None:
    model = onnx.load(conv_network(path))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3
    onnx.save(model, path)


def test_a_plane_that_would_take_too_much_memory_is_an_error_of_the_page(tmp_path: Path) -> None:
    """Every pixel with every other, as attention over a whole page does."""
    nodes = [
        helper.make_node("Reshape", ["x", "column"], ["a"]),
        helper.make_node("Reshape", ["x", "row"], ["b"]),
        helper.make_node("MatMul", ["a", "b"], ["c"]),
        helper.make_node("ReduceMean", ["c"], ["d"], keepdims=1),
        helper.make_node("Sub", ["x", "d"], ["e"]),
        helper.make_node("Resize", ["e", "", "twice"], ["y"]),
    ]
    weights = {"column": np.array([-1, 1]), "row": np.array([1, -1]), "twice": np.array([1, 1, 2, 2], np.float32)}
    named = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    upscaler = OnnxUpscaler(save(tmp_path / "a.onnx", nodes, named, ["n", 1, "h", "w"], {}), threads=1)
    assert upscaler(np.zeros((30, 20), np.float32)).shape == (60, 40)
    with pytest.raises(PageError, match=r"failed on 600 x 600 px: it would hold 494,3.. MiB .*use a smaller --tile"):
        upscaler(np.zeros((600, 600), np.float32))


def test_a_file_that_could_be_of_onnx_runtime_s_own_format_is_read_as_onnx(tmp_path: Path) -> None:
    """That format has ORTM as its bytes 5 to 8, which a name can have in ONNX."""
    content = conv_network(tmp_path / "a.onnx").read_bytes()
    name = b"ORTM" + content[4 : 4 + 5]
    (tmp_path / "a.onnx").write_bytes(content[:2] + b"\x12" + bytes([len(name)]) + name + content[2:])
    assert (tmp_path / "a.onnx").read_bytes()[4:8] == b"ORTM"
    assert OnnxUpscaler(tmp_path / "a.onnx", threads=1).factor == 2


def _two_outputs(path: Path) -> None:
    model = onnx.load(conv_network(path))
    model.graph.output.append(helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, None))
    onnx.save(model, path)


def test_another_size_than_promised_is_an_error_of_the_page(tmp_path: Path) -> None:
    upscaler = OnnxUpscaler(_resized_to(tmp_path / "a.onnx", (94, 74)), threads=1)
    with pytest.raises(PageError, match="turned 20 x 30 px into 74 x 94, not 2 times as large"):
        upscaler(np.zeros((30, 20), dtype=np.float32))


BAD = {
    "missing": (lambda path: None, "does not exist"),
    "folder": (lambda path: path.mkdir(), "cannot read the network"),
    "pipe": (os.mkfifo, "it is not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is not a file"),
    "too large": (lambda path: os.truncate(conv_network(path), 1 << 30), "has more than 536,870,912 bytes"),
    "three pages": (_three_pages, "takes 3 pages at once"),
    "text": (lambda path: path.write_text("not a network"), "not a readable ONNX network"),
    "empty": (lambda path: path.write_bytes(b""), "not a readable ONNX network"),
    "external": (_external, "second file"),
    "rank": (_rank_two, "rank 2"),
    "colour": (lambda path: conv_network(path, channels=3), "3 channels"),
    "fixed": (lambda path: conv_network(path, size=(48, 40)), "free height"),
    "sixteen": (lambda path: conv_network(path, 16), "37 x 47 px into 592 x 752: .* 2, 4 or 8 times"),
    "sixty-four": (lambda path: conv_network(path, 64), "37 x 47 px into 2368 x 3008: .* 2, 4 or 8 times"),
    "three": (lambda path: conv_network(path, upsample=3), "37 x 47 px into 111 x 141: .* 2, 4 or 8 times"),
    "one": (lambda path: conv_network(path, upsample=1), "37 x 47 px into 37 x 47: .* 2, 4 or 8 times"),
    "multiples": (_only_multiples_of_eight, r"not take every size \(it runs on 64 x 64 px and not on 37 x 47\)"),
    "rounded up": (_rounded_up_to_eight, "37 x 47 px into 80 x 96: .* 2, 4 or 8 times"),
    "baked": (lambda path: _resized_to(path, (128, 128)), "37 x 47 px into 128 x 128"),
    "two outputs": (_two_outputs, "1 inputs and 2 outputs"),
    "lie": (lambda path: conv_network(path, 4, metadata=OURS), "states the factor 2"),
    "wide": (lambda path: conv_network(path, metadata=OURS | {"docsr.overlap": "1025"}), "impossible docsr metadata"),
    "negative": (lambda path: conv_network(path, metadata=OURS | {"docsr.overlap": "-1"}), "impossible docsr metadata"),
    "text size": (
        lambda path: conv_network(path, metadata=OURS | {"docsr.x_height_max": "nan"}),
        "impossible docsr metadata",
    ),
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


GROWN = """
import resource
from pathlib import Path
import numpy as np
from docsr.upscalers.catalog import resolve

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

network = resolve("compact_x4", 4, 1)
network(np.ones((64, 64), np.float32))
before = resident()
network(np.zeros((1200, 600), np.float32))
print((resident() - before) // 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read as Linux tells it")
def test_what_a_large_tile_took_is_given_back() -> None:
    """Kept in ONNX Runtime's arena it would be about 160 MiB; allocators keep a part of it."""
    ran = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 110
