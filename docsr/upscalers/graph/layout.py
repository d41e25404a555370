"""Give the rules of operators that move, repeat or cut out elements."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from docsr.upscalers.graph.call import Call, Rule, SizeError, Value, broadcast, constant_value, known_value
from docsr.upscalers.graph.model import FLOAT, INT64, KNOWN, Tensor


def rules() -> dict[str, Rule]:
    """Return the rules of this module by operator name."""
    return {
        "Concat": _concat,
        "Constant": _constant,
        "ConstantOfShape": _constant_of_shape,
        "DepthToSpace": _depth_to_space,
        "Expand": _expand,
        "Flatten": _flatten,
        "Gather": _gather,
        "Pad": _pad,
        "Range": _range,
        "Reshape": _reshape,
        "ScatterND": lambda call: [call.output(call.value().shape)],
        "Shape": _shape,
        "Size": lambda call: [known_value(np.array(call.value().count), INT64)],
        "Slice": _slice,
        "SpaceToDepth": _space_to_depth,
        "Split": _split,
        "Squeeze": _squeeze,
        "Tile": _tile,
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
    }


def _whole(call: Call, name: str, place: int) -> list[int]:
    """Return whole numbers, or raise a SizeError if they are omitted."""
    numbers = call.numbers(name, place)
    if numbers is None:
        raise SizeError(f"{call.node.operator} lacks its {name}")
    return numbers


def _moved(call: Call, shape: list[int]) -> list[Value]:
    """Return the same elements in another shape."""
    call.require(math.prod(shape) == call.value().count, f"{call.value().count:,} elements for another number of them")
    return [call.output(shape, fold=lambda: call.elements(0).reshape(shape))]


def _constant(call: Call) -> list[Value]:
    kinds = {"value_float": FLOAT, "value_floats": FLOAT, "value_int": INT64, "value_ints": INT64}
    ((name, value),) = list(call.node.attributes.items()) or [("", 0)]
    if isinstance(value, Tensor):
        return [constant_value(value)]
    call.require(name in kinds, "a value that is not a number")
    return [known_value(np.array(value), kinds[name])]


def _constant_of_shape(call: Call) -> list[Value]:
    value = call.node.attributes.get("value")
    filled = constant_value(value) if isinstance(value, Tensor) else known_value(np.zeros(1), FLOAT)
    shape, element = _whole(call, "shape", 0), filled.values
    call.require(filled.count == 1, "a value that is not one number")
    return [call.output(shape, filled.kind, None if element is None else partial(np.full, shape, element.ravel()[0]))]


def _range(call: Call) -> list[Value]:
    start, limit, step = (call.elements(place).ravel()[0] for place in range(3))
    call.require(bool(np.isfinite([start, limit, step]).all()) and step != 0, "a range that never ends")
    count = max(0, math.ceil((float(limit) - float(start)) / float(step)))
    return [call.output([count], fold=partial(lambda: start + np.arange(count) * step))]


def _shape(call: Call) -> list[Value]:
    shape = call.value().shape
    sides = shape[slice(call.number("start", 0), call.number("end", len(shape)))]
    return [known_value(np.array(sides, np.int64), INT64)]


def _reshape(call: Call) -> list[Value]:
    shape, before = _whole(call, "shape", 1), call.value().shape
    if not call.number("allowzero", 0):
        call.require(all(side or place < len(before) for place, side in enumerate(shape)), "a 0 for an axis it lacks")
        shape = [before[place] if side == 0 else side for place, side in enumerate(shape)]
    call.require(shape.count(-1) <= 1 and min(shape, default=1) >= -1, "a shape with more than one open side")
    if -1 in shape:
        others = math.prod(side for side in shape if side != -1)
        call.require(others > 0 and call.value().count % others == 0, f"{call.value().count:,} elements for {shape}")
        shape[shape.index(-1)] = call.value().count // others
    return _moved(call, shape)


def _flatten(call: Call) -> list[Value]:
    shape, axis = call.value().shape, call.number("axis", 1)
    axis = axis if axis == len(shape) else call.axis(axis, len(shape))
    return _moved(call, [math.prod(shape[:axis]), math.prod(shape[axis:])])


def _squeeze(call: Call) -> list[Value]:
    shape, wanted = call.value().shape, call.numbers("axes", 1)
    axes = [axis for axis, side in enumerate(shape) if side == 1] if wanted is None else call.axes(wanted, len(shape))
    call.require(all(shape[axis] == 1 for axis in axes), "an axis longer than 1")
    return _moved(call, [side for axis, side in enumerate(shape) if axis not in axes])


def _unsqueeze(call: Call) -> list[Value]:
    wanted, sides_left = _whole(call, "axes", 1), iter(call.value().shape)
    rank = len(call.value().shape) + len(wanted)
    axes = call.axes(wanted, rank)
    return _moved(call, [1 if axis in axes else next(sides_left) for axis in range(rank)])


def _transpose(call: Call) -> list[Value]:
    shape = call.value().shape
    order = call.axes(call.integers("perm") or list(range(len(shape)))[::-1], len(shape))
    call.require(len(order) == len(shape), "a permutation of another number of axes")
    return [call.output([shape[axis] for axis in order], fold=lambda: call.elements(0).transpose(order))]


def _concat(call: Call) -> list[Value]:
    given = call.present_inputs()
    shape = given[0].shape
    axis = call.axis(call.number("axis", 1), len(shape))
    rest = {(*value.shape[:axis], *value.shape[axis + 1 :]) for value in given if len(value.shape) == len(shape)}
    call.require(len(rest) == 1 and all(len(value.shape) == len(shape) for value in given), "arrays of different sizes")
    shape_out = [*shape[:axis], sum(value.shape[axis] for value in given), *shape[axis + 1 :]]
    return [call.output(shape_out, fold=lambda: np.concatenate([call.elements(at) for at in range(len(given))], axis))]


def _split(call: Call) -> list[Value]:
    shape, parts = call.value().shape, len(call.node.outputs)
    axis = call.axis(call.number("axis", 0), len(shape))
    sizes = call.numbers("split", 1)
    if sizes is None:
        each = -(-shape[axis] // max(1, parts))
        sizes = [min(each, shape[axis] - each * part) for part in range(parts)]
    call.require(len(sizes) == parts and sum(sizes) == shape[axis] and min(sizes, default=0) >= 0, "the wrong sizes")
    ends = np.cumsum(sizes)
    return [
        call.output(
            [*shape[:axis], size, *shape[axis + 1 :]],
            fold=partial(lambda part: np.split(call.elements(0), ends[:-1], axis)[part], part),
        )
        for part, size in enumerate(sizes)
    ]


def _slice(call: Call) -> list[Value]:
    shape, starts, ends = list(call.value().shape), _whole(call, "starts", 1), _whole(call, "ends", 2)
    axes = call.numbers("axes", 3)
    axes = call.axes(list(range(len(starts))) if axes is None else axes, len(shape))
    steps = call.numbers("steps", 4) or [1] * len(starts)
    call.require(len(starts) == len(ends) == len(axes) == len(steps) and 0 not in steps, "starts and ends that differ")
    cut = [slice(None)] * len(shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        taken = range(*slice(start, end, step).indices(shape[axis]))
        if len(taken):
            stop = taken[-1] + step
            cut[axis] = slice(taken[0], None if stop < 0 else stop, step)
        else:
            cut[axis] = slice(0, 0)
        shape[axis] = len(taken)
    return [call.output(shape, fold=lambda: call.elements(0)[tuple(cut)])]


def _pad(call: Call) -> list[Value]:
    shape, pads = list(call.value().shape), _whole(call, "pads", 1)
    axes = call.numbers("axes", 3)
    axes = call.axes(list(range(len(shape))) if axes is None else axes, len(shape))
    call.require(len(pads) == 2 * len(axes), "the wrong number of pads")
    for place, axis in enumerate(axes):
        before, after = pads[place], pads[place + len(axes)]
        reaches = call.text("mode", "constant") == "reflect" and max(before, after) >= shape[axis]
        call.require(not reaches, f"{max(before, after)} elements to mirror on an axis of {shape[axis]}")
        shape[axis] += before + after
    return [call.output(shape)]


def _gather(call: Call) -> list[Value]:
    shape, indices = call.value().shape, call.value(1)
    axis = call.axis(call.number("axis", 0), len(shape))
    shape_out = [*shape[:axis], *indices.shape, *shape[axis + 1 :]]
    return [call.output(shape_out, fold=lambda: np.take(call.elements(0), call.elements(1), axis))]


def _expand(call: Call) -> list[Value]:
    shape = broadcast(call, [call.value().shape, tuple(_whole(call, "shape", 1))])
    return [call.output(shape, fold=lambda: np.broadcast_to(call.elements(0), shape))]


def _tile(call: Call) -> list[Value]:
    shape, times = call.value().shape, _whole(call, "repeats", 1)
    call.require(len(times) == len(shape) and min(times, default=0) >= 0, "repeats that do not match its axes")
    shape_out = [side * repeats for side, repeats in zip(shape, times, strict=True)]
    return [call.output(shape_out, fold=lambda: np.tile(call.elements(0), times))]


def _blocks(call: Call) -> tuple[int, int, int, int, int]:
    shape, side = call.value().shape, call.number("blocksize", 0)
    call.require(len(shape) == 4 and 0 < side <= KNOWN, f"blocks of {side} in {len(shape)} axes")
    batch, channels, height, width = shape
    return batch, channels, height, width, side


def _depth_to_space(call: Call) -> list[Value]:
    batch, channels, height, width, side = _blocks(call)
    call.require(channels % side**2 == 0, f"{channels} channels for blocks of {side} x {side}")
    return [call.output((batch, channels // side**2, height * side, width * side))]


def _space_to_depth(call: Call) -> list[Value]:
    batch, channels, height, width, side = _blocks(call)
    call.require(height % side == 0 == width % side, f"{width} x {height} px for blocks of {side} x {side}")
    return [call.output((batch, channels * side**2, height // side, width // side))]
