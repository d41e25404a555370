"""Networks that docsr runs pass as they are; damaged ones are errors of their own kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from docsr.upscalers.graph import Graph, GraphError, SizeError, WireError
from docsr.upscalers.onnx import OnnxUpscaler
from docsr.weights import catalogue
from tests.upscalers.graph.files import damaged, enlarging, network, small

SIZES = [(47, 37), (64, 64), (1, 1), (606, 97)]
MUTANTS = 1000


@pytest.mark.parametrize("name", list(catalogue()))
def test_shipped_networks_are_of_the_kind_that_is_allowed(name: str) -> None:
    card = catalogue()[name]
    graph, upscaler = Graph(card.path.read_bytes()), OnnxUpscaler(card.path, threads=1)
    for height, width in SIZES:
        assert graph.output_shape(height, width) == (1, 1, card.factor * height, card.factor * width)
    plane = np.ones((23, 31), np.float32)
    assert graph.output_shape(*plane.shape)[2:] == upscaler(plane).shape


@pytest.mark.parametrize("name", ["compact_x2", "small_text_x4"])
def test_damaged_shipped_networks_are_networks_or_refused(name: str) -> None:
    content = catalogue()[name].path.read_bytes()
    for mutant in damaged(content, 25, seed=1):
        _is_refused(mutant)
    assert not _is_refused(content)


def test_damaged_networks_are_networks_or_refused() -> None:
    refused = sum(_is_refused(mutant) for mutant in damaged(skeleton(), MUTANTS, seed=2))
    assert MUTANTS / 2 < refused < MUTANTS


def skeleton() -> bytes:
    """A network of many kinds of operators and few weights, so that damage hits what matters."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "two", "four", "zero"], ["sides"]),
        helper.make_node("Mul", ["sides", "twos"], ["larger"]),
        helper.make_node("Concat", ["ones", "larger"], ["sizes"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["padded"], mode="edge"),
        helper.make_node("Conv", ["padded", "weight"], ["a"]),
        helper.make_node("LeakyRelu", ["a"], ["b"], alpha=0.2),
        helper.make_node("DepthToSpace", ["b"], ["c"], blocksize=2, mode="CRD"),
        helper.make_node("Resize", ["x", "", "", "sizes"], ["d"], mode="cubic"),
        helper.make_node("Add", ["c", "d"], ["y"]),
    ]
    return network(
        nodes,
        {
            "two": np.array([2]),
            "four": np.array([4]),
            "zero": np.array([0]),
            "twos": np.array([2, 2]),
            "ones": np.array([1, 1]),
            "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
            "weight": np.full((4, 1, 3, 3), 0.1, np.float32),
        },
    )


def test_the_skeleton_is_a_network() -> None:
    assert Graph(skeleton()).output_shape(47, 37) == (1, 1, 94, 74)


def _is_refused(content: bytes) -> bool:
    try:
        Graph(content).output_shape(47, 37)
    except (GraphError, SizeError, WireError) as error:
        said = str(error)
    else:
        return False
    assert "\n" not in said
    assert len(said) < 400
    return True


def test_a_file_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    content = small(tmp_path)
    for length in range(0, len(content), 7):
        assert _is_refused(content[:length])


@pytest.mark.parametrize("ones", [[1.5], [2**-140], [65504.0], [-0.0]])
def test_constants_of_half_precision_are_read_as_they_are(ones: list[float]) -> None:
    tensor = helper.make_tensor("half", TensorProto.FLOAT16, [1], np.array(ones, np.float16).view(np.uint16).tolist())
    node = helper.make_node("Constant", [], ["h"], value=tensor)
    cast = [helper.make_node("Cast", ["h"], ["f"], to=1), helper.make_node("Mul", ["x", "f"], ["z"])]
    assert Graph(enlarging(node, *cast)).output_shape(5, 6) == (1, 1, 10, 12)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64, np.float64, np.uint64])
def test_constants_of_every_type_decide_sizes(kind: type) -> None:
    """The same numbers as raw bytes and in the field of their type."""
    for raw in (True, False):
        number = np.dtype(kind)
        code = helper.np_dtype_to_tensor_dtype(number)
        values: np.ndarray = np.array([1, 1, 1, 3], kind)
        tensor = helper.make_tensor("n", code, [4], values.tobytes() if raw else values.tolist(), raw=raw)
        nodes = [
            helper.make_node("Constant", [], ["n"], value=tensor),
            helper.make_node("Cast", ["n"], ["i"], to=TensorProto.INT64),
            helper.make_node("Tile", ["x", "i"], ["z"]),
        ]
        assert Graph(enlarging(*nodes)).output_shape(5, 6) == (1, 1, 10, 36)


def test_an_input_that_is_a_constant_is_none(tmp_path: Path) -> None:
    """Older files list their weights among the inputs."""
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", "", "twice"], ["y"])],
        "test",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, "h", "w"]),
            helper.make_tensor_value_info("twice", TensorProto.FLOAT, [4]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    assert OnnxUpscaler(tmp_path / "a.onnx", threads=1).factor == 2
