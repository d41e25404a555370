"""One operator of a network at one size of page: what it is given, and what its attributes say."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from docsr.upscalers.graph.model import KINDS, KNOWN, MOST_AXES, Array, GraphError, Node, Tensor

LONGEST_SIDE = 1 << 40
"""Elements along one axis: far more than fit into memory, and so few that they are quickly computed with."""

Shape: TypeAlias = tuple[int, ...]


class SizeError(ValueError):
    """A size of page that a network cannot take. Its message says what happens then."""


@dataclass(frozen=True, slots=True)
class Value:
    """What flows between operators: a shape, ONNX's number of the elements' type, the elements where they are known.

    Known are those of small constants and what is computed from such and from sizes: never a pixel.
    """

    shape: Shape
    kind: int
    values: Array | None = None

    @property
    def count(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How much memory its elements take."""
        return self.count * np.dtype(KINDS[self.kind]).itemsize


def known(values: Array, kind: int) -> Value:
    """A value of which the elements are known."""
    return Value(values.shape, kind, values.astype(KINDS[kind]))


def of(constant: Tensor) -> Value:
    """A constant as a value."""
    return Value(constant.shape, constant.kind, constant.values)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with what it is given; None stands for what is left out."""

    node: Node
    inputs: tuple[Value | None, ...]
    opset: int

    def has(self, place: int) -> bool:
        """Whether an input is there."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int = 0) -> Value:
        """An input; SizeError where it is missing."""
        given = self.inputs[place] if place < len(self.inputs) else None
        if given is None:
            raise SizeError(f"{self.node.operator} lacks an input")
        return given

    def given(self) -> list[Value]:
        """All inputs that are there; at least one."""
        return [self.value(0), *(one for one in self.inputs[1:] if one is not None)]

    def number(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, int):
            raise SizeError(f"{name} of {self.node.operator} is no whole number")
        return value

    def text(self, name: str, default: str) -> str:
        """An attribute that is a word."""
        return str(self.node.attributes.get(name, default))

    def integers(self, name: str) -> list[int] | None:
        """An attribute that is a list of whole numbers, or None where it is left out."""
        value = self.node.attributes.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, int) for one in value):
            raise SizeError(f"{name} of {self.node.operator} is no list of whole numbers")
        return [int(one) for one in value]

    def numbers(self, name: str, place: int) -> list[int] | None:
        """Whole numbers that are an input, or in earlier versions an attribute; None where they are left out.

        Raises:
            GraphError: they come from pixels, so that the size of what is made cannot be told.
        """
        if not self.has(place):
            return self.integers(name)
        return [int(one) for one in self.elements(place).ravel()]

    def elements(self, place: int) -> Array:
        """The elements of an input that decides sizes; GraphError where they come from pixels."""
        values = self.value(place).values
        if values is None:
            raise GraphError(
                f"has sizes that are not known before it runs (of {self.node.operator}), which docsr refuses: export "
                "it with sizes that depend on the page's alone"
            )
        return values

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front; SizeError where there is none such."""
        if not -rank <= axis < rank:
            raise SizeError(f"{self.node.operator} has an axis {axis} of {rank}")
        return axis % rank

    def axes(self, axes: Sequence[int], rank: int) -> list[int]:
        """Likewise for several, none of them twice."""
        found = [self.axis(axis, rank) for axis in axes]
        if len(set(found)) != len(found):
            raise SizeError(f"{self.node.operator} has an axis twice")
        return found

    def require(self, holds: bool, what: str) -> None:
        """Raise a SizeError that says what the operator was given, unless it holds."""
        if not holds:
            raise SizeError(f"{self.node.operator} gets {what}")

    def made(self, shape: Sequence[int], kind: int | None = None, fold: Callable[[], Array] | None = None) -> Value:
        """What the operator makes.

        Args:
            shape: its shape.
            kind: its elements' type; None: that of the first input.
            fold: computes the elements where all that it takes is known.
        """
        kind, shape = self.value(0).kind if kind is None else kind, tuple(int(side) for side in shape)
        if not all(0 <= side <= LONGEST_SIDE for side in shape) or len(shape) > MOST_AXES:
            raise SizeError(f"{self.node.operator} would make an array of {' x '.join(map(str, shape))}")
        small = math.prod(shape) <= KNOWN
        if fold is None or not small or any(one is not None and one.values is None for one in self.inputs):
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
    """The shape that arrays of these shapes have together; SizeError where they do not fit."""
    rank = max(map(len, shapes))
    sides = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    fitting = []
    for together in sides:
        larger = {side for side in together if side != 1}
        call.require(len(larger) <= 1, "arrays that do not fit each other")
        fitting.append(larger.pop() if larger else 1)
    return tuple(fitting)
