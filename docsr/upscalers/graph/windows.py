"""Give the rules of operators with windows (convolutions, pooling) and of operators that enlarge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from docsr.upscalers.graph.call import Call, Rule, SizeError, Value
from docsr.upscalers.graph.model import Array, GraphError


def rules() -> dict[str, Rule]:
    """Return the rules of this module by operator name."""
    return {
        "AveragePool": _pool,
        "Conv": partial(_conv, weights=1),
        "ConvInteger": partial(_conv, weights=1, kind=6),
        "ConvTranspose": _conv_transpose,
        "GlobalAveragePool": _global_pool,
        "GlobalMaxPool": _global_pool,
        "MaxPool": _pool,
        "QLinearConv": partial(_conv, weights=3),
        "Resize": _resize,
        "Upsample": _resize,
    }


def _of_axes(call: Call, name: str, axes: int, default: int, least: int) -> list[int]:
    """Return an attribute with one number for each axis."""
    numbers = call.integers(name) or [default] * axes
    call.require(len(numbers) == axes and min(numbers, default=least) >= least, f"{name} of {numbers}")
    return numbers


def _windows(call: Call, sides: Sequence[int], kernel: Sequence[int]) -> list[int]:
    """Return the number of windows along each axis."""
    axes, automatic = len(sides), call.text("auto_pad", "NOTSET")
    strides = _of_axes(call, "strides", axes, 1, 1)
    reach = [1 + step * (size - 1) for step, size in zip(_of_axes(call, "dilations", axes, 1, 1), kernel, strict=True)]
    if automatic in {"SAME_UPPER", "SAME_LOWER"}:
        return [-(-side // stride) for side, stride in zip(sides, strides, strict=True)]
    pads = [0] * (2 * axes) if automatic == "VALID" else _of_axes(call, "pads", 2 * axes, 0, 0)
    rest = [side + pads[at] + pads[at + axes] - reach[at] for at, side in enumerate(sides)]
    call.require(min(rest, default=0) >= 0, f"{' x '.join(map(str, sides))} px, smaller than its window")
    up = call.number("ceil_mode", 0)
    return [(-(-left // stride) if up else left // stride) + 1 for left, stride in zip(rest, strides, strict=True)]


def _conv(call: Call, weights: int, kind: int | None = None) -> list[Value]:
    shape, kernel = call.value().shape, call.value(weights).shape
    call.require(len(shape) == len(kernel) >= 3, "weights with another number of axes")
    call.require(shape[1] == kernel[1] * call.number("group", 1), f"{shape[1]} channels")
    return [call.output((shape[0], kernel[0], *_windows(call, shape[2:], kernel[2:])), kind)]


def _conv_transpose(call: Call) -> list[Value]:
    shape, kernel = call.value().shape, call.value(1).shape
    call.require(len(shape) == len(kernel) >= 3 and shape[1] == kernel[0], "weights for other channels")
    if "output_shape" in call.node.attributes:
        raise GraphError("has a ConvTranspose of a fixed size: export it with a free height and width")
    axes = len(shape) - 2
    strides, further = _of_axes(call, "strides", axes, 1, 1), _of_axes(call, "output_padding", axes, 0, 0)
    steps, pads = _of_axes(call, "dilations", axes, 1, 1), _of_axes(call, "pads", 2 * axes, 0, 0)
    if call.text("auto_pad", "NOTSET") in {"SAME_UPPER", "SAME_LOWER"}:
        sides = [side * stride for side, stride in zip(shape[2:], strides, strict=True)]
    else:
        reach = [1 + step * (size - 1) for step, size in zip(steps, kernel[2:], strict=True)]
        sides = [
            strides[at] * (side - 1) + reach[at] + further[at] - pads[at] - pads[at + axes]
            for at, side in enumerate(shape[2:])
        ]
    return [call.output((shape[0], kernel[1] * call.number("group", 1), *sides))]


def _pool(call: Call) -> list[Value]:
    shape, kernel = call.value().shape, call.integers("kernel_shape")
    call.require(len(shape) >= 3 and kernel is not None and len(kernel) == len(shape) - 2, "a window for other axes")
    assert kernel is not None
    call.require(min(kernel) >= 1, "an empty window")
    return [call.output((*shape[:2], *_windows(call, shape[2:], kernel)))]


def _global_pool(call: Call) -> list[Value]:
    shape = call.value().shape
    return [call.output((*shape[:2], *[1] * (len(shape) - 2)))]


def _resize(call: Call) -> list[Value]:
    cropping = call.text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
    if cropping or call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise GraphError("has a Resize that crops, which docsr does not run: export it without")
    shape = list(call.value().shape)
    axes = call.axes(call.integers("axes") or list(range(len(shape))), len(shape))
    sizes = call.numbers("sizes", 3) if call.has(3) else None
    if not sizes:
        scales = _scales(call)
        call.require(len(scales) == len(axes) and bool(np.isfinite(scales).all()), "scales that do not match its axes")
        # in 32-bit floats, as ONNX Runtime computes it
        sizes = [int(np.float32(shape[axis]) * scale) for axis, scale in zip(axes, scales, strict=True)]
    call.require(len(sizes) == len(axes), "sizes that do not match its axes")
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    return [call.output(shape)]


def _scales(call: Call) -> Array:
    given = call.node.attributes.get("scales")
    if isinstance(given, list):
        return np.array(given, np.float32)
    place = 1 if call.node.operator == "Upsample" or call.opset < 11 else 2
    if not call.has(place):
        raise SizeError("Resize has neither scales nor sizes")
    return np.asarray(call.elements(place).ravel(), np.float32)
