"""One network fed with its own output, as one network: NAME.onnx of factor n becomes one of factor n x n.

    python -m benchmarks.research.twice NAME.onnx --out NAME_twice.onnx

Between the two the values are cut to [0, 1], as between two runs of `docsr enhance`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from docsr.upscalers.onnx import OnnxUpscaler


def twice(model: onnx.ModelProto) -> onnx.ModelProto:
    """The chain of the model, a cut to [0, 1], and the model again."""
    first, second = (_renamed(model, prefix) for prefix in ("first/", "second/"))
    between = _cut(model, first.graph.output[0].name)
    chain = onnx.compose.merge_models(first, between, io_map=[(first.graph.output[0].name, "cut/in")])
    return onnx.compose.merge_models(chain, second, io_map=[("cut/out", second.graph.input[0].name)])


def _renamed(model: onnx.ModelProto, prefix: str) -> onnx.ModelProto:
    """A copy with other names of tensors and of sizes: those of the second are not those of the first."""
    copy = onnx.compose.add_prefix(model, prefix)
    del copy.graph.value_info[:]
    for end in (*copy.graph.input, *copy.graph.output):
        for size in end.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = prefix + size.dim_param
    return copy


def _cut(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    ends = [
        helper.make_tensor_value_info(f"cut/{end}", TensorProto.FLOAT, [1, 1, f"{name} height", f"{name} width"])
        for end in ("in", "out")
    ]
    bounds = [helper.make_tensor(f"cut/{value}", TensorProto.FLOAT, [], [value]) for value in (0.0, 1.0)]
    node = helper.make_node("Clip", ["cut/in", "cut/0.0", "cut/1.0"], ["cut/out"])
    graph = helper.make_graph([node], "cut", ends[:1], ends[1:], bounds)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def main() -> None:
    """Read, chain, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    once = OnnxUpscaler(options.network, threads=1)
    model = onnx.load(options.network)
    del model.metadata_props[:]
    chain = twice(model)
    del chain.metadata_props[:]
    metadata = {
        "name": options.out.stem,
        "factor": once.factor**2,
        "overlap": once.overlap + -(-once.overlap // once.factor),
    }
    for key, value in metadata.items():
        chain.metadata_props.add(key=f"docsr.{key}", value=str(value))
    options.out.write_bytes(chain.SerializeToString())


if __name__ == "__main__":
    main()
