"""What a network from outside may be: looked at before ONNX Runtime sees it.

Allowed is what networks that enlarge pictures are made of (docs/decisions.md says why these): an operator is allowed
because it has a rule here that tells the size of what it makes, so that at every size of page it is known before the
run how large all that is computed will be.
"""

from __future__ import annotations

from docsr.upscalers.graph import elementwise, layout, windows
from docsr.upscalers.graph.call import Call, SizeError, Value, of
from docsr.upscalers.graph.model import FLOAT, GraphError, Model, Node, read_model
from docsr.upscalers.graph.wire import WireError

__all__ = ["OPERATORS", "Graph", "GraphError", "SizeError", "WireError"]

OPERATORS = elementwise.rules() | layout.rules() | windows.rules()
"""The operators that may come, by name, each with the rule for the size of its outputs."""

BYTES_A_PIXEL = 1 << 18
"""What a network may hold at once for each pixel of the page, in bytes. The largest of docsr's own generators, RRDB of
64 channels at 8 times, holds an eighth of it."""

BYTES_ANYWAY = 1 << 26
"""What it may hold besides, whatever the page's size."""

MOST_BYTES = 1 << 35
"""What it may hold in all."""

_REMEMBERED = 512


class Graph:
    """A network whose every operator is allowed."""

    def __init__(self, content: bytes) -> None:
        """Read and check a network's file, without running it.

        Args:
            content: of the file.

        Raises:
            WireError: it is damaged, or no ONNX.
            GraphError: it is a network that docsr does not run.
        """
        self._model = read_model(content)
        self._constants = {name: of(constant) for name, constant in self._model.constants.items()}
        self._input = _grey_input(self._model)
        self._output = self._model.outputs[0].name
        self._last = _last_uses(self._model, self._input)
        self._sizes: dict[tuple[int, int], tuple[int, ...]] = {}

    def made(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape that the network makes of one page of H x W px.

        Raises:
            SizeError: it cannot take this size, or would hold too much memory.
            GraphError: sizes within it depend on what is on the page.
        """
        made = self._sizes.get((height, width))
        if made is None:
            made = self._traced(height, width)
            if len(self._sizes) >= _REMEMBERED:
                self._sizes.clear()
            self._sizes[height, width] = made
        return made

    def _traced(self, height: int, width: int) -> tuple[int, ...]:
        page = Value((1, 1, height, width), FLOAT)
        flowing, taken = {self._input: page}, {self._input: page.bytes}
        held, most = page.bytes, min(MOST_BYTES, BYTES_ANYWAY + BYTES_A_PIXEL * height * width)
        for place, node in enumerate(self._model.nodes):
            given = tuple(self._constants.get(name) or flowing.get(name) for name in node.inputs)
            made = _made(node, given, self._model.opset)
            flowing |= made
            in_file = node.operator == "Constant"
            taken |= {name: 0 if in_file else value.bytes for name, value in made.items()}
            held += sum(taken[name] for name in made)
            if held > most:
                raise SizeError(f"it would hold {held / 2**20:,.0f} MiB or more, and {most / 2**20:,.0f} are allowed")
            for name in self._last[place]:
                held -= taken.pop(name)
                del flowing[name]
        return (self._constants.get(self._output) or flowing[self._output]).shape


def _made(node: Node, given: tuple[Value | None, ...], opset: int) -> dict[str, Value]:
    """What an operator makes, by name."""
    try:
        values = OPERATORS[node.operator](Call(node, given, opset))
    except (GraphError, SizeError):
        raise
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:  # what no rule foresees
        raise SizeError(f"{node.operator} gets what it cannot take") from error
    if len(values) < len(node.outputs):
        raise SizeError(f"{node.operator} has {len(node.outputs)} outputs, not {len(values)}")
    return {name: value for name, value in zip(node.outputs, values, strict=False) if name}


def _grey_input(model: Model) -> str:
    """Return the name of the only input, after checking that it is N x 1 x H x W float32 of free size."""
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
    """Return for each node what is needed no more after it.

    Raises:
        GraphError: an operator is none of OPERATORS.
        WireError: a name is used before it is made, or made twice.
    """
    there, last = {page, *model.constants, ""}, {page: 0}
    for place, node in enumerate(model.nodes):
        if node.operator not in OPERATORS:
            raise GraphError(f"uses the operator {node.operator!r}, which docsr does not run: export it without")
        if not there.issuperset(node.inputs):
            raise WireError(f"{node.operator} takes what nothing before it makes")
        made = [name for name in node.outputs if name]
        if not there.isdisjoint(made) or len(set(made)) != len(made):
            raise WireError(f"{node.operator} makes what is there already")
        there.update(made)
        last |= {name: place for name in (*node.inputs, *made) if name and name not in model.constants}
    output = model.outputs[0].name
    if output not in there or not output:
        raise WireError("nothing makes its output")
    ends: list[list[str]] = [[] for _ in model.nodes]
    for name, place in last.items():
        if name != output and ends:
            ends[place].append(name)
    return ends
