"""Networks' files by structure: messages taken apart and put together again, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from docsr.upscalers.graph import OPERATORS
from tests.upscalers.onnx_files import conv_network

Fields = list[tuple[int, Any]]


def varint(number: int, length: int = 0) -> bytes:
    """A number, in more bytes than it needs if ``length`` says so."""
    out = bytearray()
    while number > 127 or len(out) + 1 < length:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def split(message: bytes) -> list[tuple[int, bytes]]:
    """The fields of a message: number, and its bytes with tag and length."""
    fields, at = [], 0
    while at < len(message):
        start = at
        tag, at = _number(message, at)
        match tag & 7:
            case 0:
                _, at = _number(message, at)
            case 1:
                at += 8
            case 2:
                size, at = _number(message, at)
                at += size
            case 5:
                at += 4
        fields.append((tag >> 3, message[start:at]))
    return fields


def body(raw: bytes) -> bytes:
    """The content of a field that holds bytes."""
    _, at = _number(raw, 0)
    size, at = _number(raw, at)
    return raw[at : at + size]


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = place = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << place
        place, at = place + 7, at + 1
        if byte < 128:
            return value, at


def changed(content: bytes, way: tuple[int, ...], change: Callable[[bytes], bytes]) -> bytes:
    """The file with one message changed: the first one at the end of ``way``, a list of numbers of fields."""
    if not way:
        return change(content)
    parts, done = [], False
    for number, raw in split(content):
        if number == way[0] and not done:
            raw, done = field(number, changed(body(raw), way[1:], change)), True
        parts.append(raw)
    assert done, way
    return b"".join(parts)


def turned(content: bytes, ways: tuple[tuple[int, ...], ...]) -> bytes:
    """The file with the fields of messages in the opposite order, as far as the format lets them be."""
    for way in ways:
        content = changed(content, way, _opposite)
    return content


def _opposite(message: bytes) -> bytes:
    """Numbers of fields from the last to the first; those of one number stay in their order."""
    return b"".join(raw for _, raw in sorted(split(message), key=lambda one: -one[0]))


def small(folder: Path) -> bytes:
    """A small network for 2x."""
    return conv_network(folder / "small.onnx").read_bytes()


def network(nodes: list[Any], weights: dict[str, Any] | None = None, *, opset: int = 17) -> bytes:
    """A network from ``x`` to ``y`` of these nodes and constants."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8).SerializeToString()
    )


TWICE = np.array([1, 1, 2, 2], np.float32)


def enlarging(*nodes: Any, opset: int = 17, **weights: Any) -> bytes:
    """Nodes that make ``z`` of ``x``, which becomes twice as large."""
    last = helper.make_node("Resize", ["z", "", "twice"], ["y"], mode="nearest")
    return network([*nodes, last], {"twice": TWICE, **weights}, opset=opset)


def edited(content: bytes, edit: Callable[[onnx.ModelProto], None]) -> bytes:
    """The file after an edit by the onnx package."""
    model = onnx.load_from_string(content)
    edit(model)
    return bytes(model.SerializeToString())


def damaged(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Bits turned over, bytes changed, pieces cut, repeated and moved."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        data = bytearray(content)
        for _ in range(int(random.integers(1, 5))):
            at, size = int(random.integers(len(data))), int(random.integers(1, 40))
            match int(random.integers(5)):
                case 0:
                    data[at] ^= 1 << int(random.integers(8))
                case 1:
                    data[at] = int(random.choice([0, 1, 127, 128, 255]))
                case 2:
                    del data[at : at + size]
                case 3:
                    data[at:at] = data[at : at + size]
                case 4:
                    del data[at:]
            if not data:
                break
        yield bytes(data)


NUMBERS = [-(1 << 63), -(1 << 31), -2, -1, 0, 1, 2, 3, 4, 7, 8, 16, 64, 1000, 1 << 20, 1 << 31, 1 << 40, (1 << 63) - 1]


def restructured(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Whole files whose numbers, operators and links are others: what a reader of the format cannot refuse."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        model = onnx.load_from_string(content)
        for _ in range(int(random.integers(1, 4))):
            _changed_at_random(model.graph, random)
        yield bytes(model.SerializeToString())


def _changed_at_random(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    node = graph.node[int(random.integers(len(graph.node)))]
    match int(random.integers(6)):
        case 0 if node.attribute:
            attribute = node.attribute[int(random.integers(len(node.attribute)))]
            if attribute.ints:
                attribute.ints[int(random.integers(len(attribute.ints)))] = int(random.choice(NUMBERS))
            elif attribute.type == onnx.AttributeProto.INT:
                attribute.i = int(random.choice(NUMBERS))
        case 1 | 2:
            place = int(random.integers(len(graph.initializer)))
            values = numpy_helper.to_array(graph.initializer[place]).copy()
            if values.size:
                number = random.choice(NUMBERS[2:14]) if values.dtype.kind == "f" else random.choice(NUMBERS)
                values.ravel()[int(random.integers(values.size))] = number
            graph.initializer[place].CopyFrom(numpy_helper.from_array(values, graph.initializer[place].name))
        case 3:
            node.op_type = str(random.choice(sorted(OPERATORS)))
        case 4 if node.input:
            names = [one for other in graph.node for one in (*other.input, *other.output)]
            node.input[int(random.integers(len(node.input)))] = str(random.choice(names))
        case 5:
            del node.attribute[:]
