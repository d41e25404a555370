"""List the fields of an ONNX file's messages that docsr reads, and those that it refuses with the reason."""

from __future__ import annotations

from docsr.upscalers.graph.wire import Field, Schema

SECOND_FILE = "keeps its weights in a second file, which is refused: save it as one file"


def _refused(name: str, what: str) -> Field:
    return Field(name, refused=f"has {what}, which docsr does not run: export it without")


_NAMES, _TEXT = Field("name"), Field("doc_string")
_NOTES = Field("metadata_props", many=True)
_SUBGRAPH, _SPARSE = "a graph within a graph", "sparse weights"

MODEL: Schema = {
    1: Field("ir_version", "int"),
    2: Field("producer_name"),
    3: Field("producer_version"),
    4: Field("domain"),
    5: Field("model_version", "int"),
    6: _TEXT,
    7: Field("graph"),
    8: Field("opset_import", many=True),
    14: _NOTES,
    20: _refused("training_info", "steps of a training"),
    25: _refused("functions", "functions of its own"),
    26: _refused("configuration", "a configuration of devices"),
}
OPSET: Schema = {1: Field("domain"), 2: Field("version", "int")}
GRAPH: Schema = {
    1: Field("node", many=True),
    2: _NAMES,
    5: Field("initializer", many=True),
    10: _TEXT,
    11: Field("input", many=True),
    12: Field("output", many=True),
    13: Field("value_info", many=True),
    14: Field("quantization_annotation", many=True),
    15: _refused("sparse_initializer", _SPARSE),
    16: _NOTES,
}
NODE: Schema = {
    1: Field("input", many=True),
    2: Field("output", many=True),
    3: _NAMES,
    4: Field("op_type"),
    5: Field("attribute", many=True),
    6: _TEXT,
    7: Field("domain"),
    8: Field("overload"),
    9: _NOTES,
    10: _refused("device_configurations", "a configuration of devices"),
}
ATTRIBUTE: Schema = {
    1: _NAMES,
    2: Field("f", "f4"),
    3: Field("i", "int"),
    4: Field("s"),
    5: Field("t"),
    6: _refused("g", _SUBGRAPH),
    7: Field("floats", "f4", many=True),
    8: Field("ints", "int", many=True),
    9: _refused("strings", "lists of texts"),
    10: _refused("tensors", "lists of constants"),
    11: _refused("graphs", _SUBGRAPH),
    13: _TEXT,
    14: _refused("tp", "types as attributes"),
    15: _refused("type_protos", "types as attributes"),
    20: Field("type", "int"),
    21: _refused("ref_attr_name", "attributes that refer to others"),
    22: _refused("sparse_tensor", _SPARSE),
    23: _refused("sparse_tensors", _SPARSE),
}
TENSOR: Schema = {
    1: Field("dims", "int", many=True),
    2: Field("data_type", "int"),
    3: _refused("segment", "constants in segments"),
    4: Field("float_data", "f4", many=True),
    5: Field("int32_data", "int", many=True),
    6: _refused("string_data", "constants of text"),
    7: Field("int64_data", "int", many=True),
    8: _NAMES,
    9: Field("raw_data"),
    10: Field("double_data", "f8", many=True),
    11: Field("uint64_data", "int", many=True),
    12: _TEXT,
    13: Field("external_data", many=True, refused=SECOND_FILE),
    14: Field("data_location", "int"),
    16: _NOTES,
}
PORT: Schema = {1: _NAMES, 2: Field("type"), 3: _TEXT, 4: _NOTES}
_NO_TENSOR = "values that are not arrays of numbers"
TYPE: Schema = {1: Field("tensor_type"), 6: Field("denotation")} | {
    number: _refused(str(number), _NO_TENSOR) for number in (4, 5, 7, 8, 9)
}
ARRAY: Schema = {1: Field("elem_type", "int"), 2: Field("shape")}
SHAPE: Schema = {1: Field("dim", many=True)}
SIDE: Schema = {1: Field("dim_value", "int"), 2: Field("dim_param"), 3: Field("denotation")}
