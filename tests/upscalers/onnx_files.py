"""Tiny networks for tests, built with onnx.helper: random weights, right shapes, no training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def conv_network(
    path: Path,
    factor: int = 2,
    *,
    metadata: dict[str, str] | None = None,
    channels: int = 1,
    size: tuple[int | str, int | str] = ("h", "w"),
    upsample: int | None = None,
    seed: int = 0,
) -> Path:
    """Write conv 5x5, ReLU, conv 3x3, depth-to-space: it reads 3 px around and does not keep white."""
    steps = upsample or factor
    random = np.random.default_rng(seed)
    first = random.uniform(-0.1, 0.2, (4, channels, 5, 5)).astype(np.float32)
    second = random.uniform(-0.02, 0.06, (steps * steps, 4, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["a"], pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["c"], ["y"], blocksize=steps, mode="CRD"),
    ]
    weights = [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")]
    return save(path, nodes, weights, ["n", channels, *size], metadata or {})


def resize_network(path: Path, factor: int = 2, metadata: dict[str, str] | None = None) -> Path:
    """Write nearest enlargement: keeps white, reads nothing around."""
    scales = numpy_helper.from_array(np.array([1, 1, factor, factor], dtype=np.float32), "scales")
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    return save(path, nodes, [scales], ["n", 1, "h", "w"], metadata or {})


def save(path: Path, nodes: list[Any], weights: list[Any], shape: list[Any], metadata: dict[str, str]) -> Path:
    """Write a network with input ``x`` of ``shape`` and output ``y``."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path
