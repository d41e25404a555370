"""Check a network from outside before ONNX Runtime loads it.

Only operators of networks that enlarge pictures are allowed (docs/decisions.md gives the reasons). Each has a rule here
that computes the size of its outputs. So the memory of a run is known in advance, for every size of page.
"""

from __future__ import annotations

from docsr.upscalers.graph import elementwise, layout, windows
from docsr.upscalers.graph.call import Call, SizeError, Value, constant_value
from docsr.upscalers.graph.model import FLOAT, GraphError, Model, Node, read_model
from docsr.upscalers.graph.wire import WireError

__all__ = ["OPERATORS", "Graph", "GraphError", "SizeError", "WireError"]

OPERATORS = elementwise.rules() | layout.rules() | windows.rules()
"""The allowed operators by name, each with the rule for the size of its outputs."""

BYTES_A_PIXEL = 1 << 18
"""Bytes that a network may hold at once for each pixel of the page. The largest of docsr's own generators, RRDB with
64 channels at 8x, holds an eighth of it."""

BYTES_ANYWAY = 1 << 26
"""Bytes that it may hold in addition, for a page of any size."""

MOST_BYTES = 1 << 35
"""Bytes that it may hold in total."""

_CACHED_SIZES = 512


class Graph:
    """A network of allowed operators only."""

    def __init__(self, content: bytes) -> None:
        """Read and check a network's file, without running it.

        Args:
            content: the file's bytes.

        Raises:
            WireError: the file is damaged or not ONNX.
            GraphError: docsr does not run this kind of network.
        """
        self._model = read_model(content)
        self._constants = {name: constant_value(constant) for name, constant in self._model.constants.items()}
        self._input = _grey_input(self._model)
        self._output = self._model.outputs[0].name
        self._last_uses = _last_uses(self._model, self._input)
        self._sizes: dict[tuple[int, int], tuple[int, ...]] = {}

    def output_shape(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape of the network's output for one page of H x W px.

        Raises:
            SizeError: the network cannot take this size, or would hold too much memory.
            GraphError: sizes within the network depend on the page's pixels.
        """
        made = self._sizes.get((height, width))
        if made is None:
            made = self._trace(height, width)
            if len(self._sizes) >= _CACHED_SIZES:
                self._sizes.clear()
            self._sizes[height, width] = made
        return made

    def _trace(self, height: int, width: int) -> tuple[int, ...]:
        page = Value((1, 1, height, width), FLOAT)
        live, bytes_of = {self._input: page}, {self._input: page.bytes}
        held, limit = page.bytes, min(MOST_BYTES, BYTES_ANYWAY + BYTES_A_PIXEL * height * width)
        for place, node in enumerate(self._model.nodes):
            given = tuple(self._constants.get(name) or live.get(name) for name in node.inputs)
            made = _outputs_of(node, given, self._model.opset)
            live |= made
            in_file = node.operator == "Constant"
            bytes_of |= {name: 0 if in_file else value.bytes for name, value in made.items()}
            held += sum(bytes_of[name] for name in made)
            if held > limit:
                raise SizeError(f"it would hold {held / 2**20:,.0f} MiB or more, and {limit / 2**20:,.0f} are allowed")
            for name in self._last_uses[place]:
                held -= bytes_of.pop(name)
                del live[name]
        return (self._constants.get(self._output) or live[self._output]).shape


def _outputs_of(node: Node, given: tuple[Value | None, ...], opset: int) -> dict[str, Value]:
    """Return the outputs of an operator by name."""
    try:
        values = OPERATORS[node.operator](Call(node, given, opset))
    except (GraphError, SizeError):
        raise
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:  # no rule checks for these
        raise SizeError(f"{node.operator} gets inputs that it cannot take") from error
    if len(values) < len(node.outputs):
        raise SizeError(f"{node.operator} has {len(node.outputs)} outputs, not {len(values)}")
    return {name: value for name, value in zip(node.outputs, values, strict=False) if name}


def _grey_input(model: Model) -> str:
    """Check that the only input is N x 1 x H x W float32 with free H and W, and return its name."""
    inputs = [port for port in model.inputs if port.name not in model.constants]
    if len(inputs) != 1 or len(model.outputs) != 1:
        raise GraphError(f"has {len(inputs)} inputs and {len(model.outputs)} outputs, not one each")
    (port,) = inputs
    shape = port.shape
    if port.kind != FLOAT or shape is None or len(shape) != 4:
        kind = "float32" if port.kind == FLOAT else f"the type {port.kind}"
        rank = "no" if shape is None else len(shape)
        raise GraphError(f"takes {kind} of rank {rank}, not N x 1 x H x W float32")
    batch, channels, height, width = shape
    if channels not in {-1, 1}:
        raise GraphError(f"takes {channels} channels; docsr runs networks of one grey channel")
    if height != -1 or width != -1:
        raise GraphError(f"takes only {width} x {height} px: export it with a free height and width")
    if batch not in {-1, 1}:
        raise GraphError(f"takes {batch} pages at once: export it for one, or for any number")
    return port.name


def _last_uses(model: Model, page: str) -> list[list[str]]:
    """Return for each node the names that no later node needs.

    Raises:
        GraphError: an operator is not in OPERATORS.
        WireError: a name is used before it is made, or is made twice.
    """
    available, last = {page, *model.constants, ""}, {page: 0}
    for place, node in enumerate(model.nodes):
        if node.operator not in OPERATORS:
            raise GraphError(f"uses the operator {node.operator!r}, which docsr does not run: export it without")
        if not available.issuperset(node.inputs):
            raise WireError(f"{node.operator} takes an input that no earlier operator makes")
        made = [name for name in node.outputs if name]
        if not available.isdisjoint(made) or len(set(made)) != len(made):
            raise WireError(f"{node.operator} makes a name that exists already")
        available.update(made)
        last |= {name: place for name in (*node.inputs, *made) if name and name not in model.constants}
    output = model.outputs[0].name
    if output not in available or not output:
        raise WireError("no operator makes its output")
    ends: list[list[str]] = [[] for _ in model.nodes]
    for name, place in last.items():
        if name != output and ends:
            ends[place].append(name)
    return ends
