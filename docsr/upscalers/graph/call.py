"""Describe one operator at one size of page: its inputs, its attributes and its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from docsr.upscalers.graph.model import KINDS, KNOWN, MOST_AXES, Array, GraphError, Node, Tensor

LONGEST_SIDE = 1 << 40
"""The most elements along one axis: far more than fit in memory, but few enough for fast arithmetic."""

Shape: TypeAlias = tuple[int, ...]


class SizeError(ValueError):
    """The network cannot take this size of page. The message says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value between operators: its shape, ONNX's number for the elements' type, and the elements if they are known.

    Known are the elements of small constants, and those computed from them and from sizes. Pixels are never known.
    """

    shape: Shape
    kind: int
    values: Array | None = None

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes that the elements take."""
        return self.count * np.dtype(KINDS[self.kind]).itemsize


def known_value(values: Array, kind: int) -> Value:
    """Return a value with known elements."""
    return Value(values.shape, kind, values.astype(KINDS[kind]))


def constant_value(constant: Tensor) -> Value:
    """Return a constant as a value."""
    return Value(constant.shape, constant.kind, constant.values)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with its inputs. None stands for an omitted input."""

    node: Node
    inputs: tuple[Value | None, ...]
    opset: int

    def has(self, place: int) -> bool:
        """Return whether an input is present."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int = 0) -> Value:
        """Return an input, or raise a SizeError if it is missing."""
        given = self.inputs[place] if place < len(self.inputs) else None
        if given is None:
            raise SizeError(f"{self.node.operator} lacks an input")
        return given

    def present_inputs(self) -> list[Value]:
        """Return all inputs that are present, at least one."""
        return [self.value(0), *(element for element in self.inputs[1:] if element is not None)]

    def number(self, name: str, default: int) -> int:
        """Return an attribute that must be a whole number."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, int):
            raise SizeError(f"{name} of {self.node.operator} is not a whole number")
        return value

    def text(self, name: str, default: str) -> str:
        """Return an attribute as text."""
        return str(self.node.attributes.get(name, default))

    def integers(self, name: str) -> list[int] | None:
        """Return an attribute that must be a list of whole numbers, or None if it is omitted."""
        value = self.node.attributes.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(element, int) for element in value):
            raise SizeError(f"{name} of {self.node.operator} is not a list of whole numbers")
        return [int(element) for element in value]

    def numbers(self, name: str, place: int) -> list[int] | None:
        """Return whole numbers from an input, or from an attribute in earlier versions, or None if they are omitted.

        Raises:
            GraphError: they come from pixels, so that the size of the output is unknown.
        """
        if not self.has(place):
            return self.integers(name)
        return [int(element) for element in self.elements(place).ravel()]

    def elements(self, place: int) -> Array:
        """Return the elements of an input that decides sizes, or raise a GraphError if they come from pixels."""
        values = self.value(place).values
        if values is None:
            raise GraphError(
                f"has sizes that are not known before it runs (of {self.node.operator}), which docsr refuses: export "
                "it with sizes that depend only on the page's size"
            )
        return values

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis counted from the front, or raise a SizeError if there is no such axis."""
        if not -rank <= axis < rank:
            raise SizeError(f"{self.node.operator} has an axis {axis} of {rank}")
        return axis % rank

    def axes(self, axes: Sequence[int], rank: int) -> list[int]:
        """Return several axes counted from the front, or raise a SizeError if one is invalid or repeated."""
        found = [self.axis(axis, rank) for axis in axes]
        if len(set(found)) != len(found):
            raise SizeError(f"{self.node.operator} has an axis twice")
        return found

    def require(self, holds: bool, what: str) -> None:
        """Raise a SizeError that says which input the operator got, unless the condition holds."""
        if not holds:
            raise SizeError(f"{self.node.operator} gets {what}")

    def output(self, shape: Sequence[int], kind: int | None = None, fold: Callable[[], Array] | None = None) -> Value:
        """Return an output of the operator.

        Args:
            shape: the output's shape.
            kind: its elements' type, or None for that of the first input.
            fold: computes its elements; called if the elements of all inputs are known.
        """
        kind, shape = self.value(0).kind if kind is None else kind, tuple(int(side) for side in shape)
        if not all(0 <= side <= LONGEST_SIDE for side in shape) or len(shape) > MOST_AXES:
            raise SizeError(f"{self.node.operator} would make an array of {' x '.join(map(str, shape))}")
        small = math.prod(shape) <= KNOWN
        if fold is None or not small or any(element is not None and element.values is None for element in self.inputs):
            return Value(shape, kind)
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(fold())
                return Value(shape, kind, values.reshape(shape).astype(KINDS[kind]))
        except (ValueError, IndexError, ZeroDivisionError) as error:
            raise SizeError(f"{self.node.operator} cannot compute a size") from error


Rule: TypeAlias = Callable[[Call], list[Value]]
"""The outputs of an operator."""


def broadcast(call: Call, shapes: Sequence[Shape]) -> Shape:
    """Return the shape to which arrays of these shapes broadcast, or raise a SizeError if they do not fit."""
    rank = max(map(len, shapes))
    sides = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    fitting = []
    for aligned in sides:
        larger = {side for side in aligned if side != 1}
        call.require(len(larger) <= 1, "arrays that do not fit each other")
        fitting.append(larger.pop() if larger else 1)
    return tuple(fitting)
