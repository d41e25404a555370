"""For every operator that a network may have: inputs and attributes with which ONNX Runtime runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from docsr.upscalers.graph.elementwise import BROADCAST, REDUCTIONS, UNARY


@dataclass(frozen=True)
class Case:
    """An operator with what it is given; None is an input that is left out."""

    operator: str
    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 17


RANDOM = np.random.default_rng(0)
NUMBERS = np.array([[7, -3, 2], [-8, 5, 9]])


def floats(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.1, 2, shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def of(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


X = floats(1, 4, 6, 10)

_FURTHER: dict[str, tuple[tuple[Any, ...], dict[str, Any], int]] = {
    "BatchNormalization": ((floats(4),) * 4, {}, 15),
    "Clip": ((np.float32(0), np.float32(1)), {}, 17),
    "Gelu": ((), {}, 20),
    "GroupNormalization": ((floats(4),) * 2, {"num_groups": 2}, 21),
    "InstanceNormalization": ((floats(4),) * 2, {}, 17),
    "LRN": ((), {"size": 3}, 17),
    "Mish": ((), {}, 18),
}
"""What operators of one array want besides it."""

_WHOLE = {"Abs", "Neg", "Sign", "Identity"}
_LOGICAL = {"And", "Or"}


def unary() -> Iterator[Case]:
    for operator in UNARY:
        inputs, attributes, opset = _FURTHER.get(operator, ((), {}, 17))
        first = NUMBERS > 0 if operator == "Not" else X
        yield Case(operator, (first, *inputs), attributes, opset=opset)
        if operator in _WHOLE:
            yield Case(operator, (NUMBERS,))


def binary() -> Iterator[Case]:
    for operator in BROADCAST:
        if operator in _LOGICAL:
            yield Case(operator, (NUMBERS > 0, NUMBERS[:1] > 3))
            continue
        yield Case(operator, (X, floats(4, 1, 1)))
        if operator not in {"PRelu", "Mean", "Sum"}:
            yield Case(operator, (floats(3, 1), floats(2, 1, 5)))
            yield Case(operator, (NUMBERS, np.array([[2], [-3]])))


def reductions() -> Iterator[Case]:
    for operator in REDUCTIONS:
        axes = {} if operator == "ReduceSum" else {"axes": [1, -1]}
        given = (X, ints(1, -1)) if operator == "ReduceSum" else (X,)
        yield Case(operator, given, axes | {"keepdims": 0})
        yield Case(operator, (NUMBERS,), {"keepdims": 1})
        yield Case(operator, (X, ints(2)), opset=18)
        yield Case(operator, (X,), {"noop_with_empty_axes": 1}, opset=18)


OTHERS = [
    Case("AveragePool", (X,), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    Case("AveragePool", (X,), {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER", "strides": [2, 3]}),
    Case("Cast", (of(1.7, -2.5, 300),), {"to": 7}),
    Case("Cast", (NUMBERS,), {"to": 1}),
    Case("Concat", (X, floats(1, 2, 6, 10)), {"axis": 1}),
    Case("Concat", (ints(3), ints(4, 5)), {"axis": -1}),
    Case("Constant", (), {"value_ints": [2, 3]}),
    Case("Constant", (), {"value_float": 0.5}),
    Case("Constant", (), {"value": NUMBERS}),
    Case("ConstantOfShape", (ints(2, 3),), {"value": ints(4)}),
    Case("ConstantOfShape", (ints(2, 3),)),
    Case("Conv", (X, floats(6, 2, 3, 3)), {"group": 2, "pads": [1, 0, 2, 1], "strides": [2, 1]}),
    Case("Conv", (X, floats(5, 4, 3, 3)), {"strides": [2, 1], "auto_pad": "SAME_LOWER"}),
    Case("Conv", (X, floats(5, 4, 3, 5)), {"auto_pad": "VALID"}),
    Case("ConvInteger", (np.ones((1, 4, 6, 10), np.uint8), np.ones((3, 4, 3, 3), np.int8)), {"pads": [1, 1, 1, 1]}),
    Case("ConvTranspose", (X, floats(4, 3, 4, 4)), {"strides": [2, 2], "pads": [1, 1, 1, 1], "group": 2}),
    Case("ConvTranspose", (X, floats(4, 3, 3, 3)), {"strides": [2, 3], "output_padding": [1, 0], "dilations": [2, 1]}),
    Case("ConvTranspose", (X, floats(4, 3, 4, 4)), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    Case("DepthToSpace", (X,), {"blocksize": 2}),
    Case("DequantizeLinear", (np.ones((2, 3), np.uint8), np.float32(0.5), np.uint8(1))),
    Case("Dropout", (X,), outputs=2),
    Case("DynamicQuantizeLinear", (X,), outputs=3),
    Case("Expand", (floats(3, 1), ints(2, 1, 4))),
    Case("Expand", (ints(5), ints(3))),
    Case("Flatten", (X,), {"axis": 2}),
    Case("Flatten", (X,), {"axis": 4}),
    Case("Gather", (X, ints(0, -1)), {"axis": 1}),
    Case("Gather", (NUMBERS, np.array(1)), {"axis": 1}),
    Case("Gemm", (floats(3, 4), floats(5, 4), floats(5)), {"transB": 1}),
    Case("Gemm", (floats(4, 3), floats(4, 5)), {"transA": 1}),
    Case("GlobalAveragePool", (X,)),
    Case("GlobalMaxPool", (X,)),
    Case("LayerNormalization", (X, floats(10), floats(10)), outputs=3),
    Case("MatMul", (floats(2, 1, 3, 4), floats(5, 4, 6))),
    Case("MatMul", (floats(4), floats(5, 4, 6))),
    Case("MatMul", (floats(3, 4), floats(4))),
    Case("MatMulInteger", (np.ones((3, 4), np.uint8), np.ones((4, 2), np.int8))),
    Case("MaxPool", (X,), {"kernel_shape": [2, 3], "pads": [0, 1, 0, 1], "dilations": [2, 1]}),
    Case("Mod", (NUMBERS, np.array([[4], [-5]]))),
    Case("Mod", (NUMBERS, np.array([[4], [-5]])), {"fmod": 1}),
    Case("Mod", (of(7.5, -7.5), of(2)), {"fmod": 1}),
    Case("Pad", (X, ints(0, 0, 1, 2, 0, 0, 3, -4))),
    Case("Pad", (X, ints(1, 2, 3, 4), None, ints(-1, 2)), {"mode": "reflect"}, opset=18),
    Case("Pad", (X,), {"pads": [0, 0, 1, 2, 0, 0, 3, 4], "mode": "edge"}, opset=10),
    Case(
        "QLinearConv",
        (
            np.ones((1, 4, 6, 10), np.uint8),
            np.float32(0.1),
            np.uint8(0),
            np.ones((3, 4, 3, 3), np.int8),
            np.float32(0.1),
            np.int8(0),
            np.float32(0.1),
            np.uint8(0),
        ),
    ),
    Case("QuantizeLinear", (X, np.float32(0.5), np.int8(1))),
    Case("QuantizeLinear", (X, np.float32(0.5))),
    Case("Range", (np.array(2), np.array(11), np.array(3))),
    Case("Range", (np.float32(1), np.float32(-0.9), np.float32(-0.25))),
    Case("Reshape", (X, ints(0, -1, 5))),
    Case("Reshape", (NUMBERS, ints(3, 2))),
    Case("Resize", (X, None, of(1, 1, 2.5, 1.3))),
    Case("Resize", (X, None, None, ints(1, 4, 9, 7)), {"mode": "linear"}),
    Case("Resize", (X, None, of(1.9, 3.1)), {"axes": [3, 2]}, opset=18),
    Case("Resize", (X, of(1, 1, 2, 2)), {"mode": "nearest"}, opset=10),
    Case("ScatterND", (NUMBERS, np.array([[0, 1]]), ints(6))),
    Case("Shape", (X,), {"start": 1, "end": -1}),
    Case("Shape", (X,)),
    Case("Size", (X,)),
    Case("Slice", (X, ints(1, 9), ints(4, -11), ints(2, 3), ints(1, -2))),
    Case("Slice", (NUMBERS, ints(-1), ints(np.iinfo(np.int64).min), ints(1), ints(-1))),
    Case("Slice", (NUMBERS, ints(2), ints(2**62), ints(1))),
    Case("Slice", (X,), {"starts": [1], "ends": [3], "axes": [1]}, opset=9),
    Case("SpaceToDepth", (X,), {"blocksize": 2}),
    Case("Split", (X, ints(1, 3)), {"axis": 1}, outputs=2),
    Case("Split", (X,), {"axis": 2}, outputs=3),
    Case("Split", (X,), {"axis": 3, "num_outputs": 3}, outputs=3, opset=18),
    Case("Squeeze", (X[:, :1], ints(0, -3))),
    Case("Squeeze", (NUMBERS[:1],)),
    Case("Squeeze", (X,), {"axes": [0]}, opset=11),
    Case("Tile", (X, ints(1, 2, 1, 3))),
    Case("Tile", (NUMBERS, ints(2, 1))),
    Case("Transpose", (X,), {"perm": [0, 2, 3, 1]}),
    Case("Transpose", (NUMBERS,)),
    Case("Unsqueeze", (X, ints(0, -1))),
    Case("Unsqueeze", (NUMBERS,), {"axes": [1]}, opset=11),
    Case("Upsample", (X, of(1, 1, 2, 3)), opset=9),
    Case("Upsample", (X,), {"scales": [1.0, 1.0, 2.0, 3.0]}, opset=8),
    Case("Where", (NUMBERS > 0, NUMBERS, np.array([[1], [2]]))),
]

CASES = [*unary(), *binary(), *reductions(), *OTHERS]
