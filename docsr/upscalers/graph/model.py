"""Read a network's file without ONNX Runtime: its nodes, constants, inputs and outputs.

Only the parts of the format that a network for pages needs are read. All others (weights in a second file, functions,
subgraphs, sequences, text as data) are refused wherever they occur, in any order of fields.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from docsr.upscalers.graph import schemas
from docsr.upscalers.graph.wire import Reader, RefusedField, WireError

FLOAT, INT64, BOOL = 1, 7, 9
KINDS = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8"}
"""ONNX's number of an element type -> numpy's name for it."""

KNOWN = 4096
"""The most elements of a constant whose values are kept. Sizes are computed from small constants, not from weights."""

MOST_NODES, MOST_LINKS, LONGEST_NAME = 20_000, 256, 4096
MOST_AXES = 8

Array: TypeAlias = np.ndarray[Any, Any]


class GraphError(ValueError):
    """docsr does not run this network. The message follows the file's name in a sentence."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A constant: its name, shape, ONNX's number for its elements' type, and its values if they are few."""

    name: str
    shape: tuple[int, ...]
    kind: int
    values: Array | None


Attribute: TypeAlias = "int | float | str | list[int] | list[float] | Tensor"


@dataclass(frozen=True, slots=True)
class Node:
    """An operator, the names of its inputs ("" for an omitted one) and outputs, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph. ``shape`` is None if it is not stated; a free side is -1."""

    name: str
    kind: int
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A network. ``opset`` is the version of ONNX's own operators."""

    opset: int
    nodes: tuple[Node, ...]
    constants: dict[str, Tensor]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


_TYPES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints"}
"""The field that holds the value of an attribute, by the attribute's type."""

_TYPED = {"float_data": {1}, "int32_data": {2, 3, 4, 5, 6, 9, 10}, "int64_data": {7}, "double_data": {11}} | {
    "uint64_data": {12, 13}
}
"""The element types that each field of a constant may hold, besides ``raw_data``, which holds any."""


def read_model(content: bytes) -> Model:
    """Read a network's file.

    Raises:
        WireError: the file is damaged or not ONNX.
        GraphError: the file has parts that docsr does not run.
    """
    try:
        return _Parser().model(memoryview(content))
    except RefusedField as refused:
        raise GraphError(str(refused)) from refused


class _Parser:
    """Parse one file in one pass."""

    def __init__(self) -> None:
        self._read = Reader().read

    def model(self, data: memoryview) -> Model:
        fields = self._read(data, schemas.MODEL)
        if "graph" not in fields or "ir_version" not in fields:
            raise WireError("it has no graph")
        opsets = [self._read(part, schemas.OPSET) for part in fields.get("opset_import", [])]
        own = [part["version"][0] for part in opsets if _text(part, "domain") in {"", "ai.onnx"} and "version" in part]
        if len(own) != 1:
            raise WireError("it does not state one version of ONNX's operators")
        graph = self._read(fields["graph"][0], schemas.GRAPH)
        nodes = graph.get("node", [])
        if len(nodes) > MOST_NODES:
            raise GraphError(f"has {len(nodes):,} operators: docsr runs networks of up to {MOST_NODES:,}")
        for note in graph.get("value_info", []):
            self.port(note)
        constants = [self.tensor(part) for part in graph.get("initializer", [])]
        named = {constant.name: constant for constant in constants}
        if len(named) != len(constants) or "" in named:
            raise WireError("two of its constants have the same name, or one has none")
        inputs, outputs = (tuple(self.port(part) for part in graph.get(side, [])) for side in ("input", "output"))
        return Model(own[0], tuple(map(self.node, nodes)), named, inputs, outputs)

    def node(self, data: memoryview) -> Node:
        fields = self._read(data, schemas.NODE)
        operator, domain = _text(fields, "op_type"), _text(fields, "domain")
        if domain not in {"", "ai.onnx"} or _text(fields, "overload"):
            raise GraphError(f"uses the operator {domain}.{operator}, which is not ONNX's own: export it without")
        inputs, outputs = (tuple(map(_name, fields.get(side, []))) for side in ("input", "output"))
        attributes = [self.attribute(part) for part in fields.get("attribute", [])]
        if max(len(inputs), len(outputs), len(attributes)) > MOST_LINKS:
            raise GraphError(f"has an operator with more than {MOST_LINKS} inputs or outputs: docsr does not run it")
        if len(dict(attributes)) != len(attributes):
            raise WireError("an operator has an attribute twice")
        return Node(operator, inputs, outputs, dict(attributes))

    def attribute(self, data: memoryview) -> tuple[str, Attribute]:
        fields = self._read(data, schemas.ATTRIBUTE)
        name, kind = _text(fields, "name"), fields.get("type", [0])[0]
        holds = _TYPES.get(kind)
        if holds is None or not fields.keys() <= {"name", "type", "doc_string", holds}:
            raise WireError(f"the attribute {name} does not have the type it states")
        if holds in {"floats", "ints"}:
            return name, fields.get(holds, [])
        if holds == "t":
            return name, self.tensor(_required(fields, "t"))
        if holds == "s":
            return name, _text(fields, "s")
        return name, fields.get(holds, [0.0 if holds == "f" else 0])[0]

    def tensor(self, data: memoryview) -> Tensor:
        fields = self._read(data, schemas.TENSOR)
        name, shape, kind = _text(fields, "name"), tuple(fields.get("dims", [])), fields.get("data_type", [0])[0]
        if fields.get("data_location", [0])[0] != 0:
            raise GraphError(schemas.SECOND_FILE)
        if kind not in KINDS:
            raise GraphError(f"has constants of the type {kind}, which docsr does not run: use float32")
        if min(shape, default=0) < 0 or len(shape) > MOST_AXES:
            raise WireError("a constant has an impossible shape")
        return Tensor(name, shape, kind, _values(fields, kind, shape))

    def port(self, data: memoryview) -> Port:
        fields = self._read(data, schemas.PORT)
        kind = self._read(fields["type"][0], schemas.TYPE) if "type" in fields else {}
        array = self._read(kind["tensor_type"][0], schemas.ARRAY) if "tensor_type" in kind else {}
        shape = self._read(array["shape"][0], schemas.SHAPE).get("dim", []) if "shape" in array else None
        sides = None if shape is None else tuple(map(self._side, shape))
        return Port(_text(fields, "name"), array.get("elem_type", [0])[0], sides)

    def _side(self, data: memoryview) -> int:
        fields = self._read(data, schemas.SIDE)
        if "dim_value" in fields and "dim_param" in fields:
            raise WireError("a side has both a size and a name")
        return int(fields.get("dim_value", [-1])[0])


def _values(fields: dict[str, list[Any]], kind: int, shape: tuple[int, ...]) -> Array | None:
    """Return the elements of a constant, or None if they are many. Raise a WireError if their number is wrong."""
    holders = [name for name in ("raw_data", *_TYPED) if name in fields]
    count, element = math.prod(shape), np.dtype(KINDS[kind]).newbyteorder("<")
    if not holders and count == 0:
        return np.zeros(shape, element)
    if len(holders) != 1 or (holders[0] != "raw_data" and kind not in _TYPED[holders[0]]):
        raise WireError("a constant has no values, or values of another type")
    (values,) = holders
    count_found = len(fields[values][0]) / element.itemsize if values == "raw_data" else len(fields[values])
    if count_found != count:
        raise WireError(f"a constant of {count:,} numbers has {count_found:,g}")
    if count > KNOWN:
        return None
    if values == "raw_data":
        return np.frombuffer(fields[values][0], element).reshape(shape).copy()  # a copy, to release the file's bytes
    numbers = np.array(fields[values], np.float64 if element.kind == "f" and kind != 10 else np.int64)
    return (numbers.astype(np.uint16).view(element) if kind == 10 else numbers.astype(element)).reshape(shape)


def _required(fields: dict[str, list[Any]], field: str) -> memoryview:
    if field not in fields:
        raise WireError(f"its field {field} is missing")
    value: memoryview = fields[field][0]
    return value


def _text(fields: dict[str, list[Any]], field: str) -> str:
    return _name(fields[field][0]) if field in fields else ""


def _name(data: memoryview) -> str:
    if len(data) > LONGEST_NAME:
        raise WireError("it has a name of more than 4,096 bytes")
    try:
        return bytes(data).decode()
    except UnicodeDecodeError as error:
        raise WireError("it has a name that is not UTF-8 text") from error
