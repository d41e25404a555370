"""Quantise a network to 8 bits: faster on a CPU, a quarter of the bytes, and nearly the same output.

ONNX Runtime quantises statically (QDQ). Activations are unsigned, with ranges measured on example pages. The ranges
leave out the rarest values, because finer steps for the others bring the output nearer. Weights are signed, with one
range per output channel. They use 7 bits, because processors without VNNI add pairs of products in 16 bits and would
overflow. Only learned convolutions are quantised. The interpolation that the network adds to and the Gaussian after it
stay in floating point, because their errors would be visible as such.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from docsr.page import Plane
from docsr.system.temporary import temporary_folder

PERCENTILE = 99.997
"""Percentage of a convolution's input values that lie within its range."""


def to_int8(model: onnx.ModelProto, planes: Iterable[Plane]) -> onnx.ModelProto:
    """Quantise a network.

    Args:
        model: a network with input N x 1 x H x W, H and W free.
        planes: example pages or parts of pages, H x W in [0, 1], as the network will get them. They decide the ranges.

    Returns:
        A new model with the same input and output names and the same metadata.
    """
    with temporary_folder() as folder:
        source, prepared, done = (folder / f"{name}.onnx" for name in ("source", "prepared", "done"))
        plain = onnx.ModelProto()
        plain.CopyFrom(model)
        del plain.graph.value_info[:]  # the exporter's names for sizes differ from those of shape inference
        onnx.save(plain, source)
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        with contextlib.redirect_stdout(io.StringIO()):  # quantize_static prints its progress
            quantize_static(
                str(prepared),
                str(done),
                _Planes(planes, model.graph.input[0].name),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=list(_not_learned(onnx.load(prepared))),
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": PERCENTILE, "CalibTensorRangeSymmetric": False},
            )
        result = onnx.load(done)
    del result.metadata_props[:]
    result.metadata_props.extend(model.metadata_props)
    return result


class _Planes(CalibrationDataReader):  # type: ignore[misc]
    """The reader from which the quantiser gets its examples."""

    def __init__(self, planes: Iterable[Plane], name: str) -> None:
        self._inputs = ({name: np.ascontiguousarray(plane[None, None], np.float32)} for plane in planes)

    def get_next(self) -> dict[str, Plane] | None:
        """Return the next example, or None at the end."""
        return next(self._inputs, None)


def _not_learned(model: onnx.ModelProto) -> Iterator[str]:
    """Yield the names of convolutions with a Pad node before them: BicubicPhases and Gaussian, which repeat edges."""
    padded = {name for node in model.graph.node if node.op_type == "Pad" for name in node.output}
    yield from (node.name for node in model.graph.node if node.op_type == "Conv" and node.input[0] in padded)
