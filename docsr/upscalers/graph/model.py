"""What a network's file holds, read without ONNX Runtime: nodes, constants, the one input and the one output.

Only what a network for pages needs is read; the rest of the format (weights in a second file, functions, subgraphs,
sequences, texts as data) is refused where it stands, in whatever order fields come.
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
"""Types of elements by ONNX's number, as numpy calls them."""

KNOWN = 4096
"""Elements up to which the values of a constant are kept: sizes are computed from such, not from weights."""

MOST_NODES, MOST_LINKS, LONGEST_NAME = 20_000, 256, 4096
MOST_AXES = 8

Array: TypeAlias = np.ndarray[Any, Any]


class GraphError(ValueError):
    """A network that docsr does not run. Its message follows the file's name in a sentence."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A constant: its name, shape, ONNX's number of its elements' type, and its values if they are few."""

    name: str
    shape: tuple[int, ...]
    kind: int
    values: Array | None


Attribute: TypeAlias = "int | float | str | list[int] | list[float] | Tensor"


@dataclass(frozen=True, slots=True)
class Node:
    """An operator, the names of what it takes ("" for what is left out) and makes, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph; ``shape`` is None where it is not told, a side -1 where it is free."""

    name: str
    kind: int
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A network: opset is the version of ONNX's own operators."""

    opset: int
    nodes: tuple[Node, ...]
    constants: dict[str, Tensor]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


_TYPES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints"}
"""The field that an attribute of each type has its value in."""

_TYPED = {"float_data": {1}, "int32_data": {2, 3, 4, 5, 6, 9, 10}, "int64_data": {7}, "double_data": {11}} | {
    "uint64_data": {12, 13}
}
"""The types of elements that may lie in each field of a constant, apart from ``raw_data``."""


def read_model(content: bytes) -> Model:
    """Read a network's file.

    Raises:
        WireError: it is damaged, or no ONNX.
        GraphError: it has what docsr does not run.
    """
    try:
        return _Parser().model(memoryview(content))
    except RefusedField as refused:
        raise GraphError(str(refused)) from refused


class _Parser:
    """One pass over one file."""

    def __init__(self) -> None:
        self._read = Reader().read

    def model(self, data: memoryview) -> Model:
        found = self._read(data, schemas.MODEL)
        if "graph" not in found or "ir_version" not in found:
            raise WireError("it has no graph")
        opsets = [self._read(one, schemas.OPSET) for one in found.get("opset_import", [])]
        own = [one["version"][0] for one in opsets if _text(one, "domain") in {"", "ai.onnx"} and "version" in one]
        if len(own) != 1:
            raise WireError("it does not say which version of the operators it wants")
        graph = self._read(found["graph"][0], schemas.GRAPH)
        nodes = graph.get("node", [])
        if len(nodes) > MOST_NODES:
            raise GraphError(f"has {len(nodes):,} operators: docsr runs networks of up to {MOST_NODES:,}")
        for note in graph.get("value_info", []):
            self.port(note)
        constants = [self.tensor(one) for one in graph.get("initializer", [])]
        named = {constant.name: constant for constant in constants}
        if len(named) != len(constants) or "" in named:
            raise WireError("two of its constants have one name, or one has none")
        inputs, outputs = (tuple(self.port(one) for one in graph.get(side, [])) for side in ("input", "output"))
        return Model(own[0], tuple(map(self.node, nodes)), named, inputs, outputs)

    def node(self, data: memoryview) -> Node:
        found = self._read(data, schemas.NODE)
        operator, domain = _text(found, "op_type"), _text(found, "domain")
        if domain not in {"", "ai.onnx"} or _text(found, "overload"):
            raise GraphError(f"uses the operator {domain}.{operator}, which is not ONNX's own: export it without")
        inputs, outputs = (tuple(map(_name, found.get(side, []))) for side in ("input", "output"))
        attributes = [self.attribute(one) for one in found.get("attribute", [])]
        if max(len(inputs), len(outputs), len(attributes)) > MOST_LINKS:
            raise GraphError(f"has an operator with more than {MOST_LINKS} inputs or outputs: docsr does not run it")
        if len(dict(attributes)) != len(attributes):
            raise WireError("an operator has an attribute twice")
        return Node(operator, inputs, outputs, dict(attributes))

    def attribute(self, data: memoryview) -> tuple[str, Attribute]:
        found = self._read(data, schemas.ATTRIBUTE)
        name, kind = _text(found, "name"), found.get("type", [0])[0]
        holds = _TYPES.get(kind)
        if holds is None or not found.keys() <= {"name", "type", "doc_string", holds}:
            raise WireError(f"the attribute {name} is not of its type")
        if holds in {"floats", "ints"}:
            return name, found.get(holds, [])
        if holds == "t":
            return name, self.tensor(_one(found, "t"))
        if holds == "s":
            return name, _text(found, "s")
        return name, found.get(holds, [0.0 if holds == "f" else 0])[0]

    def tensor(self, data: memoryview) -> Tensor:
        found = self._read(data, schemas.TENSOR)
        name, shape, kind = _text(found, "name"), tuple(found.get("dims", [])), found.get("data_type", [0])[0]
        if found.get("data_location", [0])[0] != 0:
            raise GraphError(schemas.SECOND_FILE)
        if kind not in KINDS:
            raise GraphError(f"has constants of the type {kind}, which docsr does not run: use float32")
        if min(shape, default=0) < 0 or len(shape) > MOST_AXES:
            raise WireError("a constant has no size that can be")
        return Tensor(name, shape, kind, _values(found, kind, shape))

    def port(self, data: memoryview) -> Port:
        found = self._read(data, schemas.PORT)
        kind = self._read(found["type"][0], schemas.TYPE) if "type" in found else {}
        array = self._read(kind["tensor_type"][0], schemas.ARRAY) if "tensor_type" in kind else {}
        shape = self._read(array["shape"][0], schemas.SHAPE).get("dim", []) if "shape" in array else None
        sides = None if shape is None else tuple(map(self._side, shape))
        return Port(_text(found, "name"), array.get("elem_type", [0])[0], sides)

    def _side(self, data: memoryview) -> int:
        found = self._read(data, schemas.SIDE)
        if "dim_value" in found and "dim_param" in found:
            raise WireError("a side has both a size and a name")
        return int(found.get("dim_value", [-1])[0])


def _values(found: dict[str, list[Any]], kind: int, shape: tuple[int, ...]) -> Array | None:
    """The elements of a constant if they are few; WireError where there are not as many as its shape says."""
    holders = [name for name in ("raw_data", *_TYPED) if name in found]
    count, element = math.prod(shape), np.dtype(KINDS[kind]).newbyteorder("<")
    if not holders and count == 0:
        return np.zeros(shape, element)
    if len(holders) != 1 or (holders[0] != "raw_data" and kind not in _TYPED[holders[0]]):
        raise WireError("a constant has no values, or values of another type")
    (values,) = holders
    there = len(found[values][0]) / element.itemsize if values == "raw_data" else len(found[values])
    if there != count:
        raise WireError(f"a constant of {count:,} numbers has {there:,g}")
    if count > KNOWN:
        return None
    if values == "raw_data":
        return np.frombuffer(found[values][0], element).reshape(shape).copy()  # which lets go of the file
    numbers = np.array(found[values], np.float64 if element.kind == "f" and kind != 10 else np.int64)
    return (numbers.astype(np.uint16).view(element) if kind == 10 else numbers.astype(element)).reshape(shape)


def _one(found: dict[str, list[Any]], field: str) -> memoryview:
    if field not in found:
        raise WireError(f"its field {field} is missing")
    value: memoryview = found[field][0]
    return value


def _text(found: dict[str, list[Any]], field: str) -> str:
    return _name(found[field][0]) if field in found else ""


def _name(data: memoryview) -> str:
    if len(data) > LONGEST_NAME:
        raise WireError("it has a name of more than 4,096 bytes")
    try:
        return bytes(data).decode()
    except UnicodeDecodeError as error:
        raise WireError("it has a name that is no text") from error
