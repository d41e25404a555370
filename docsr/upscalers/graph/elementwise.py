"""Give the rules of elementwise operators, reductions and matrix products."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from docsr.upscalers.graph.call import Call, Rule, SizeError, Value, broadcast
from docsr.upscalers.graph.model import BOOL, FLOAT, KINDS, Array

_Fold = Callable[..., Any]

UNARY: dict[str, _Fold | None] = {
    "Abs": np.abs,
    "BatchNormalization": None,
    "Celu": None,
    "Ceil": np.ceil,
    "Clip": None,
    "Elu": None,
    "Erf": None,
    "Exp": None,
    "Floor": np.floor,
    "Gelu": None,
    "GroupNormalization": None,
    "HardSigmoid": None,
    "HardSwish": None,
    "Identity": lambda values: values,
    "InstanceNormalization": None,
    "LRN": None,
    "LeakyRelu": None,
    "Log": None,
    "LogSoftmax": None,
    "LpNormalization": None,
    "Mish": None,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Reciprocal": None,
    "Relu": lambda values: np.maximum(values, 0),
    "Round": np.round,
    "Selu": None,
    "Sigmoid": None,
    "Sign": np.sign,
    "Softmax": None,
    "Softplus": None,
    "Softsign": None,
    "Sqrt": np.sqrt,
    "Tanh": None,
    "ThresholdedRelu": None,
}
"""Operators whose output has the shape and type of their first input, and the numpy function for known elements."""

BROADCAST: dict[str, _Fold | None] = {
    "Add": np.add,
    "And": np.logical_and,
    "Div": lambda a, b: _quotient(a, b),
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Max": np.maximum,
    "Mean": None,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Or": np.logical_or,
    "PRelu": None,
    "Pow": None,
    "Sub": np.subtract,
    "Sum": np.add,
}
"""Operators of one or more arrays that are broadcast to one shape."""

_COMPARISONS = {"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Or"}

REDUCTIONS: dict[str, _Fold | None] = {
    "ReduceL1": None,
    "ReduceL2": None,
    "ReduceMax": np.max,
    "ReduceMean": None,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceSum": np.sum,
    "ReduceSumSquare": None,
}
"""Operators that make one element of many along axes, and how small ones of whole numbers are computed here."""


def rules() -> dict[str, Rule]:
    """Return the rules of this module by operator name."""
    return (
        {name: partial(_unary, fold) for name, fold in UNARY.items()}
        | {name: partial(_broadcast, fold) for name, fold in BROADCAST.items()}
        | {name: partial(_reduced, fold) for name, fold in REDUCTIONS.items()}
        | {
            "Cast": _cast,
            "DequantizeLinear": _dequantised,
            "Dropout": lambda call: [call.output(call.value().shape), call.output(call.value().shape, BOOL)],
            "DynamicQuantizeLinear": _dynamically_quantised,
            "Gemm": _gemm,
            "LayerNormalization": _layer_norm,
            "MatMul": _matmul,
            "MatMulInteger": partial(_matmul, kind=6),
            "Mod": _mod,
            "QuantizeLinear": _quantised,
            "Where": _where,
        }
    )


def _quotient(dividend: Array, divisor: Array) -> Array:
    """Divide as ONNX does: integers round towards zero, and an integer division by zero is an error."""
    if dividend.dtype.kind == "f":
        return np.asarray(dividend / divisor)
    if not np.all(divisor):
        raise ZeroDivisionError
    floored, whole = np.floor_divide(dividend, divisor), np.remainder(dividend, divisor) == 0
    return np.asarray(np.where((floored < 0) & ~whole, floored + 1, floored))


def _unary(fold: _Fold | None, call: Call) -> list[Value]:
    return [call.output(call.value().shape, fold=None if fold is None else lambda: fold(call.elements(0)))]


def _broadcast(fold: _Fold | None, call: Call) -> list[Value]:
    given = call.present_inputs()
    shape = broadcast(call, [value.shape for value in given])
    kind = BOOL if call.node.operator in _COMPARISONS else given[0].kind
    if fold is None:
        return [call.output(shape, kind)]
    return [call.output(shape, kind, lambda: np.asarray(reduce(fold, [value.values for value in given])))]


def _mod(call: Call) -> list[Value]:
    def fold() -> Array:
        dividend, divisor = call.elements(0), call.elements(1)
        if divisor.dtype.kind != "f" and not np.all(divisor):
            raise ZeroDivisionError
        return np.asarray(np.fmod(dividend, divisor) if call.number("fmod", 0) else np.mod(dividend, divisor))

    return [call.output(broadcast(call, [call.value(0).shape, call.value(1).shape]), fold=fold)]


def _where(call: Call) -> list[Value]:
    shape = broadcast(call, [call.value(place).shape for place in range(3)])
    return [call.output(shape, call.value(1).kind, lambda: np.where(*(call.elements(place) for place in range(3))))]


def _cast(call: Call) -> list[Value]:
    kind = call.number("to", 0)
    call.require(kind in KINDS, f"an unknown type {kind}")

    def fold() -> Array:
        values = call.elements(0)
        if values.dtype.kind == "f" and np.dtype(KINDS[kind]).kind in "iu":
            bounds = np.iinfo(KINDS[kind])
            if not np.all((values >= bounds.min) & (values <= bounds.max)):
                raise SizeError("Cast gets a number outside the range of its type")
        return values

    return [call.output(call.value().shape, kind, fold)]


def _quantised(call: Call) -> list[Value]:
    kind = call.value(2).kind if call.has(2) else call.number("output_dtype", 2)
    call.require(kind in KINDS, f"an unknown type {kind}")
    return [call.output(call.value().shape, kind)]


def _dequantised(call: Call) -> list[Value]:
    return [call.output(call.value().shape, call.value(1).kind)]


def _dynamically_quantised(call: Call) -> list[Value]:
    return [call.output(call.value().shape, 2), call.output((), FLOAT), call.output((), 2)]


def _layer_norm(call: Call) -> list[Value]:
    shape = call.value().shape
    axis = call.axis(call.number("axis", -1), len(shape))
    spread = shape[:axis] + (1,) * (len(shape) - axis)
    return [call.output(shape), call.output(spread, FLOAT), call.output(spread, FLOAT)]


def _reduced(fold: _Fold | None, call: Call) -> list[Value]:
    shape = call.value().shape
    wanted = call.numbers("axes", 1)
    if not wanted:
        wanted = [] if call.number("noop_with_empty_axes", 0) else list(range(len(shape)))
    axes, keeps = call.axes(wanted, len(shape)), call.number("keepdims", 1)
    shape_out = [1 if axis in axes else side for axis, side in enumerate(shape) if keeps or axis not in axes]
    if fold is None or np.dtype(KINDS[call.value().kind]).kind == "f":  # sums of floats depend on their order
        return [call.output(shape_out)]
    return [call.output(shape_out, fold=lambda: fold(call.elements(0), axis=tuple(axes), keepdims=bool(keeps)))]


def _matmul(call: Call, kind: int | None = None) -> list[Value]:
    first, second = call.value(0).shape, call.value(1).shape
    call.require(min(len(first), len(second)) > 0, "a number instead of a matrix")
    left, right = (1, *first)[-max(2, len(first)) :], second if len(second) > 1 else (*second, 1)
    call.require(left[-1] == right[-2], f"matrices of {left[-1]} columns and {right[-2]} rows")
    shape_out = [*broadcast(call, [left[:-2], right[:-2]])] if max(len(left), len(right)) > 2 else []
    shape_out += ([left[-2]] if len(first) > 1 else []) + ([right[-1]] if len(second) > 1 else [])
    return [call.output(shape_out, kind)]


def _gemm(call: Call) -> list[Value]:
    first, second = call.value(0).shape, call.value(1).shape
    call.require(len(first) == len(second) == 2, "inputs that are not matrices")
    rows, inner = first[::-1] if call.number("transA", 0) else first
    depth, columns = second[::-1] if call.number("transB", 0) else second
    call.require(inner == depth, f"matrices of {inner} columns and {depth} rows")
    return [call.output((rows, columns))]
