"""What a network may not have is refused where it stands, however its file is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from docsr.upscalers.graph import OPERATORS, Graph, GraphError, SizeError, WireError
from tests.upscalers.graph.files import changed, edited, enlarging, field, network, small, split, turned, varint

INITIALIZER, NODE, ATTRIBUTE = (7, 5), (7, 1), (7, 1, 5)
"""Ways to messages by the numbers of their fields."""

KEY, VALUE = field(1, b"location"), field(2, b"etc/passwd")
ENTRIES = {
    "key first": KEY + VALUE,
    "value first": VALUE + KEY,
    "other key": field(1, b"offset") + field(2, b"0"),
    "long numbers": varint(1 << 3 | 2) + varint(8, 3) + b"location" + VALUE,
    "empty": b"",
}
AT_A_SECOND_FILE = b"\x70\x01"


def constant() -> bytes:
    """A network that begins with a constant in a node."""
    value = numpy_helper.from_array(np.ones((1, 1, 1, 1), np.float32))
    return enlarging(
        helper.make_node("Constant", [], ["one"], value=value), helper.make_node("Mul", ["x", "one"], ["z"])
    )


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("last", [True, False], ids=["last", "first"])
@pytest.mark.parametrize("where", ["initializer", "attribute"])
def test_no_weights_in_a_second_file(tmp_path: Path, entry: str, last: bool, where: str) -> None:
    told = field(13, ENTRIES[entry])
    content, way = (small(tmp_path), INITIALIZER) if where == "initializer" else (constant(), (*ATTRIBUTE, 5))
    content = changed(content, way, lambda tensor: tensor + told if last else told + tensor)
    with pytest.raises(GraphError, match="second file"):
        Graph(content)


@pytest.mark.parametrize("way", [INITIALIZER, (*ATTRIBUTE, 5)])
def test_no_constant_says_that_it_is_elsewhere(tmp_path: Path, way: tuple[int, ...]) -> None:
    content = small(tmp_path) if way == INITIALIZER else constant()
    with pytest.raises(GraphError, match="second file"):
        Graph(changed(content, way, lambda tensor: tensor + AT_A_SECOND_FILE))
    Graph(changed(content, way, lambda tensor: tensor + b"\x70\x00"))


def test_fields_may_come_in_any_order(tmp_path: Path) -> None:
    ways = ((), (7,), NODE, ATTRIBUTE, INITIALIZER, (7, 11), (7, 11, 2), (7, 11, 2, 1), (8,))
    content = small(tmp_path)
    assert turned(content, ways) != content
    assert Graph(turned(content, ways)).output_shape(9, 7) == (1, 1, 18, 14)


def add(message: str, number: int, content: bytes = b"") -> Callable[[bytes], bytes]:
    """A field more in a message."""
    way = {"model": (), "graph": (7,), "node": NODE, "attribute": ATTRIBUTE, "tensor": INITIALIZER}[message]
    return lambda file: changed(file, way, lambda before: before + field(number, content))


REFUSED = {
    "training": (add("model", 20), "steps of a training"),
    "functions": (add("model", 25), "functions of its own"),
    "devices": (add("model", 26), "configuration of devices"),
    "sparse weights": (add("graph", 15), "sparse weights"),
    "devices of a node": (add("node", 10), "configuration of devices"),
    "graph": (add("attribute", 6), "graph within a graph"),
    "graphs": (add("attribute", 11), "graph within a graph"),
    "texts": (add("attribute", 9), "lists of texts"),
    "tensors": (add("attribute", 10), "lists of constants"),
    "type": (add("attribute", 14), "types as attributes"),
    "types": (add("attribute", 15), "types as attributes"),
    "reference": (add("attribute", 21), "refer to others"),
    "sparse": (add("attribute", 22), "sparse weights"),
    "sparse many": (add("attribute", 23), "sparse weights"),
    "segment": (add("tensor", 3), "segments"),
    "text": (add("tensor", 6, b"a"), "constants of text"),
    "domain": (lambda file: edited(file, _of_microsoft), "com.microsoft.Conv, which is not ONNX's own"),
    "overload": (add("node", 8, b"a"), "not ONNX's own"),
}


def _of_microsoft(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_network_of_ours_has_is_refused_by_its_name(tmp_path: Path, case: str) -> None:
    change, words = REFUSED[case]
    with pytest.raises(GraphError, match=words):
        Graph(change(small(tmp_path)))


KNOWN_FIELDS: dict[str, Any] = {
    "model": onnx.ModelProto,
    "graph": onnx.GraphProto,
    "node": onnx.NodeProto,
    "attribute": onnx.AttributeProto,
    "tensor": onnx.TensorProto,
}


@pytest.mark.parametrize("message", KNOWN_FIELDS)
@pytest.mark.parametrize("number", [*range(1, 41), 535, (1 << 29) - 1])
def test_a_field_is_read_or_refused(tmp_path: Path, message: str, number: int) -> None:
    """One that the format does not have, or will have one day, is never passed over."""
    there = {one.number for one in KNOWN_FIELDS[message].DESCRIPTOR.fields}
    if number not in there:
        with pytest.raises(WireError, match=f"an unknown field {number}"):
            Graph(add(message, number)(small(tmp_path)))


def every_operator() -> list[str]:
    return sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""})


@pytest.mark.parametrize("operator", sorted({*every_operator(), "Scan", "Loop", "If"} - set(OPERATORS)))
def test_every_other_operator_is_refused(operator: str) -> None:
    with pytest.raises(GraphError, match=f"uses the operator '{operator}'"):
        Graph(enlarging(helper.make_node(operator, ["x"], ["z"])))


def test_operators_are_those_of_onnx() -> None:
    assert set(OPERATORS) <= set(every_operator())


def node(operator: str, *inputs: str, **attributes: Any) -> Any:
    return helper.make_node(operator, ["x", *inputs], ["z"], **attributes)


HUGE = {
    "ConstantOfShape": enlarging(
        helper.make_node("ConstantOfShape", ["n"], ["z"]), n=np.array([1, 1, 1 << 20, 1 << 20])
    ),
    "Expand": enlarging(node("Expand", "n"), n=np.array([1, 1 << 30, 1, 1])),
    "Tile": enlarging(node("Tile", "n"), n=np.array([1, 1, 1 << 20, 1])),
    "Resize": enlarging(node("Resize", "", "n"), n=np.array([1, 1, 1e5, 1e5], np.float32)),
    "Upsample": enlarging(node("Upsample", "n"), n=np.array([1, 1, 1e5, 1e5], np.float32), opset=9),
    "Pad": enlarging(node("Pad", "n"), n=np.array([0, 0, 0, 0, 0, 0, 1 << 40, 0])),
    "Range": enlarging(
        helper.make_node("Range", ["a", "b", "c"], ["z"]), a=np.array(0), b=np.array(1 << 50), c=np.array(1)
    ),
    "ConvTranspose": enlarging(
        node("ConvTranspose", "n", strides=[1 << 16, 1 << 16]), n=np.ones((1, 1, 1, 1), np.float32)
    ),
    "Conv": enlarging(node("Conv", "n", pads=[1 << 20] * 4), n=np.ones((1, 1, 1, 1), np.float32)),
    "MaxPool": enlarging(node("MaxPool", kernel_shape=[1, 1], pads=[1 << 20] * 4)),
    "Gather": enlarging(node("Gather", "n", axis=1), n=np.zeros(1 << 18, np.int64)),
    "outer product": enlarging(
        helper.make_node("Reshape", ["x", "column"], ["a"]),
        helper.make_node("Reshape", ["x", "row"], ["b"]),
        helper.make_node("MatMul", ["a", "b"], ["z"]),
        column=np.array([-1, 1]),
        row=np.array([1, -1]),
    ),
    "no elements, long sides": enlarging(
        helper.make_node("ConstantOfShape", ["n"], ["z"]), n=np.array([1, 1, 0, 1 << 60])
    ),
}


@pytest.mark.parametrize("case", HUGE)
def test_what_would_be_too_large_is_known_before_it_runs(case: str) -> None:
    graph = Graph(HUGE[case])
    with pytest.raises(SizeError):
        graph.output_shape(600, 600)


def test_memory_is_counted_together() -> None:
    """Arrays that are small one by one are too much where all are held at once."""
    nodes = [helper.make_node("Concat", ["x"] * 200, [f"a{part}"], axis=1) for part in range(200)]
    content = enlarging(*nodes, helper.make_node("Sum", [f"a{part}" for part in range(200)], ["z"]))
    with pytest.raises(SizeError, match=r"would hold .* MiB"):
        Graph(content).output_shape(600, 600)
    unused = Graph(enlarging(*nodes, helper.make_node("Identity", ["x"], ["z"])))
    assert unused.output_shape(600, 600) == (1, 1, 1200, 1200)


def test_sizes_that_depend_on_pixels_are_refused() -> None:
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "one"], ["times"]),
        helper.make_node("Concat", ["ones", "times"], ["repeats"], axis=0),
        helper.make_node("Tile", ["x", "repeats"], ["z"]),
    ]
    with pytest.raises(GraphError, match="not known before it runs"):
        Graph(enlarging(*nodes, one=np.array([1]), ones=np.array([1, 1, 1]))).output_shape(47, 37)


def _swap(way: tuple[int, ...], number: int, raw: bytes) -> Callable[[bytes], bytes]:
    def change(message: bytes) -> bytes:
        return b"".join(raw if at == number else before for at, before in split(message))

    return lambda file: changed(file, way, change)


def _constant_again(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def _attribute_again(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(model.graph.node[0].attribute[0])


def _another_version(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx", 9))


DAMAGED = {
    "more numbers than data": _swap(INITIALIZER, 1, field(1, varint(1 << 30) + varint(1 << 30))),
    "a negative side": _swap(INITIALIZER, 1, varint(1 << 3) + varint((1 << 64) - 1)),
    "no data": _swap(INITIALIZER, 9, b""),
    "data twice": lambda file: changed(file, INITIALIZER, lambda tensor: tensor + field(4, b"\0" * 400)),
    "data of another type": _swap(INITIALIZER, 9, field(7, b"\0" * 100)),
    "two constants of one name": lambda file: edited(file, _constant_again),
    "two graphs": lambda file: file + split(file)[-2][1] * 2,
    "long number": lambda file: varint(1 << 3) + varint(8, 3) + file[2:],
    "long tag": lambda file: varint(1 << 3, 3) + file[1:],
    "too long a number": lambda file: varint(1 << 3) + b"\xff" * 9 + b"\x7f" + file[2:],
    "end of a group": lambda file: file + b"\x0c",
    "begin of a group": lambda file: file + b"\x0b\x0c",
    "another kind of field": lambda file: b"\x0a\x01\x08" + file[2:],
    "a name that is no text": lambda file: changed(file, NODE, lambda one: field(1, b"\xff") + one),
    "a name of 5,000 letters": lambda file: changed(file, NODE, lambda one: field(1, b"a" * 5000) + one),
    "an unknown input": lambda file: edited(file, lambda model: model.graph.node[0].input.append("nowhere")),
    "an output made twice": lambda file: edited(file, lambda model: model.graph.node[1].output.append("a")),
    "a constant made again": lambda file: edited(file, lambda model: model.graph.node[1].output.append("first")),
    "nodes in another order": lambda file: edited(file, lambda model: model.graph.node.reverse()),
    "no version": lambda file: edited(file, lambda model: model.ClearField("opset_import")),
    "two versions": lambda file: edited(file, _another_version),
    "attribute twice": lambda file: edited(file, _attribute_again),
    "attribute of another type": lambda file: changed(file, ATTRIBUTE, lambda one: one + b"\x18\x01"),
    "an output that nothing makes": lambda file: edited(
        file, lambda model: setattr(model.graph.output[0], "name", "q")
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_two_readers_could_take_for_different_things_is_refused(tmp_path: Path, case: str) -> None:
    with pytest.raises(WireError):
        Graph(DAMAGED[case](small(tmp_path)))


def test_bounds_of_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = small(tmp_path)
    monkeypatch.setattr("docsr.upscalers.graph.model.MOST_NODES", 3)
    with pytest.raises(GraphError, match="has 4 operators: docsr runs networks of up to 3"):
        Graph(content)
    monkeypatch.setattr("docsr.upscalers.graph.wire.MOST_FIELDS", 50)
    with pytest.raises(WireError, match="more than 50 fields"):
        Graph(content)


def test_an_operator_of_very_many_inputs_is_refused() -> None:
    with pytest.raises(GraphError, match="more than 256 inputs"):
        Graph(network([helper.make_node("Concat", ["x"] * 257, ["y"], axis=1)]))
