"""The sizes that are foretold are those that ONNX Runtime makes, operator by operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from docsr.upscalers.graph import OPERATORS
from docsr.upscalers.graph.call import Call, Value, known_value
from docsr.upscalers.graph.model import KINDS, Node, Tensor
from tests.upscalers.graph.operator_cases import CASES, Case

NUMBER_OF = {np.dtype(name): number for number, name in KINDS.items()}


def attribute(value: Any) -> Any:
    return Tensor("", value.shape, NUMBER_OF[value.dtype], value) if isinstance(value, np.ndarray) else value


def foretold(case: Case, *, values: bool) -> list[Value]:
    """What the rule says, with the elements of the inputs or (where no size depends on them) without."""
    given = []
    for place, one in enumerate(case.inputs):
        value = None if one is None else known_value(np.asarray(one), NUMBER_OF[np.asarray(one).dtype])
        hidden = value is not None and not values and place == 0 and case.operator not in {"ConstantOfShape", "Range"}
        given.append(Value(value.shape, value.kind) if hidden and value is not None else value)
    attributes = {name: attribute(value) for name, value in case.attributes.items()}
    node = Node(case.operator, (), tuple("y" * case.outputs), attributes)
    return OPERATORS[case.operator](Call(node, tuple(given), case.opset))[: case.outputs]


def made(case: Case) -> list[np.ndarray]:
    """What ONNX Runtime makes."""
    given = {f"x{place}": np.asarray(one) for place, one in enumerate(case.inputs) if one is not None}
    ports = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(one.dtype), one.shape)
        for name, one in given.items()
    ]
    attributes = {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in case.attributes.items()
    }
    names = [f"x{place}" if one is not None else "" for place, one in enumerate(case.inputs)]
    outputs = [f"y{place}" for place in range(case.outputs)]
    node = helper.make_node(case.operator, names, outputs, **attributes)
    graph = helper.make_graph([node], "one", ports, [onnx.ValueInfoProto(name=name) for name in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=8)
    for output, kind in zip(model.graph.output, foretold(case, values=True), strict=True):
        output.CopyFrom(helper.make_tensor_value_info(output.name, kind.kind, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    made: list[np.ndarray] = session.run(None, given)
    return made


def test_every_operator_has_a_case() -> None:
    assert {case.operator for case in CASES} == set(OPERATORS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operator}-{case.opset}")
def test_sizes_are_those_of_onnx_runtime(case: Case) -> None:
    there = made(case)
    for values in (True, False):
        for value, array in zip(foretold(case, values=values), there, strict=True):
            assert value.shape == array.shape
            assert np.dtype(KINDS[value.kind]) == array.dtype
            if value.values is not None:
                np.testing.assert_array_equal(value.values, array)
