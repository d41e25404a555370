"""Run ONNX networks in ONNX Runtime: docsr's own, and any other that takes one grey channel in [0, 1]."""

from __future__ import annotations

import re
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from docsr.choices import FACTORS
from docsr.errors import CheckpointError, PageError, first_line, is_out_of_memory, sentence_of, why_network_failed
from docsr.io.network_files import read_whole
from docsr.page import Plane
from docsr.upscalers.devices import check_runs, providers
from docsr.upscalers.graph import Graph, GraphError, SizeError, WireError
from docsr.weights import is_shipped

_UNKNOWN_OVERLAP = 32
"""Context in input pixels for a network that does not state its receptive field."""

MOST_BYTES = 1 << 29
"""The most bytes of a network's file. The largest published networks for enlarging have a third of it."""

MOST_OVERLAP = 1024
"""The largest context in input pixels that a network may ask for. With more, a tile would be most of a page."""

_PROBE = np.ones((1, 1, 47, 37), dtype=np.float32)
_EVEN = np.ones((1, 1, 64, 64), dtype=np.float32)
"""_PROBE has a size that networks which need multiples of some number cannot take; _EVEN has one that they can."""

_NOT_EVERY_SIZE = (
    f"does not take every size (it runs on {_EVEN.shape[3]} x {_EVEN.shape[2]} px and not on "
    f"{_PROBE.shape[3]} x {_PROBE.shape[2]}), which tiles need"
)
_EXPORT_AGAIN = "it may be cut off or of another kind, export it again"

_WHITE_TOLERANCE = 0.5 / 255

RELEASING = onnxruntime.RunOptions()
"""The options of a run: it returns the machine's memory afterwards (but keeps that of a GPU)."""
RELEASING.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")


class OnnxUpscaler:
    """A network file: input N x 1 x H x W float32 in [0, 1], output N x 1 x fH x fW.

    Files from ``docsr export`` state their name, factor and overlap in ``metadata_props`` (``docsr.*``). For other
    files, a run on a small white page gives the factor, and a wide overlap is assumed. Files that docsr does not ship
    are checked before they are loaded (docsr.upscalers.graph), and so is each size of plane before a run.

    Attributes:
        path: the file.
        name: from the metadata, else the file's stem.
        factor: 2, 4, 8 ...
        overlap: context in input pixels.
        keeps_white: whether a white page stays white to half a grey level.
        guarded: True.
        x_height: (smallest, largest) x-height in input px on which it was trained, or None.
        version: the version written at export, or None.
    """

    guarded = True

    def __init__(self, path: Path, threads: int | None = None, device: str = "auto") -> None:
        """Load the file and run a small page.

        Args:
            path: an .onnx file.
            threads: CPU threads for one call, None for all cores.
            device: one of docsr.upscalers.devices.DEVICES.

        Raises:
            CheckpointError: the file is missing, damaged, or not a network of this kind.
            UsageError: the device is not available.
            PageError: the network does not fit in memory.
        """
        self.path, self._threads, self._device = Path(path), threads, device
        content = read_whole(self.path, "network", MOST_BYTES)
        self._graph = None if is_shipped(self.path) else _check_graph(self.path, content)
        self._session = _open_session(self.path, content, threads, device)
        self._input = str(self._session.get_inputs()[0].name)
        try:
            metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{self.path} has metadata that is not UTF-8: export it again") from error
        self.factor, self.keeps_white = self._probe()
        self.name = metadata.get("docsr.name") or self.path.stem
        self.version = metadata.get("docsr.version")
        try:
            self.overlap = int(metadata.get("docsr.overlap", _UNKNOWN_OVERLAP))
            self.x_height = _x_height(metadata)
            stated = int(metadata.get("docsr.factor", self.factor))
        except ValueError as error:
            raise CheckpointError(f"{self.path} has docsr metadata that is not a number: {error}") from error
        if not 0 <= self.overlap <= MOST_OVERLAP or not _is_span(self.x_height):
            raise CheckpointError(f"{self.path} has impossible docsr metadata: export it again")
        if stated != self.factor:
            raise CheckpointError(
                f"{self.path} states the factor {stated} but enlarges {self.factor} times: export it again"
            )

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to fH x fW.

        Raises:
            PageError: ONNX Runtime failed on this plane, or its output has the wrong size.
        """
        plane_out: Plane = self._run(plane[None, None])[0, 0]
        (height, width), shape_out = plane.shape, plane_out.shape
        if shape_out != (self.factor * height, self.factor * width):
            larger = f"{self.path.name} turned {width} x {height} px into {shape_out[1]} x {shape_out[0]}"
            raise PageError(f"the network {larger}, not {self.factor} times as large: it cannot be used for tiles")
        return plane_out

    def __reduce__(self) -> tuple[type[OnnxUpscaler], tuple[Path, int | None, str]]:
        return type(self), (self.path, self._threads, self._device)

    def _run(self, batch: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
        try:
            if self._graph is not None:
                self._graph.output_shape(*batch.shape[2:])
            output = self._session.run(None, {self._input: np.ascontiguousarray(batch)}, RELEASING)[0]
        except Exception as error:  # ONNX Runtime raises classes of its own that share no public base
            size, reason = f"{batch.shape[-1]} x {batch.shape[-2]}", why_network_failed(error, _reason(error))
            raise PageError(f"the network {self.path.name} failed on {size} px: {reason}") from error
        return np.asarray(output)

    def _runs_even(self) -> bool:
        try:
            self._run(_EVEN)
        except PageError:
            return False
        return True

    def _probe(self) -> tuple[int, bool]:
        """Run a white page, and return the factor and whether white stays white."""
        try:
            output = self._run(_PROBE)
        except PageError as error:
            if error.__cause__ is not None and is_out_of_memory(error.__cause__):
                raise
            if self._runs_even():
                raise CheckpointError(f"{self.path} {_NOT_EVERY_SIZE}") from error
            raise CheckpointError(f"{self.path} cannot be run: {error}") from error
        if output.dtype != np.float32:
            raise CheckpointError(f"{self.path} gives {output.dtype} {output.shape}, not one grey float32 channel")
        factor = _factor_of(self.path, output.shape)
        if not np.isfinite(output).all():
            raise CheckpointError(f"{self.path} gives values that are not numbers: its weights are damaged")
        return factor, bool(np.abs(output - 1).max() <= _WHITE_TOLERANCE)


def _check_graph(path: Path, content: bytes) -> Graph:
    """Check a network's file without loading it. Raise a CheckpointError if docsr does not run it."""
    try:
        graph = Graph(content)
        _factor_of(path, _output_shape(graph, path))
    except WireError as error:
        raise CheckpointError(f"{path} is not a readable ONNX network ({error}; {_EXPORT_AGAIN})") from error
    except GraphError as error:
        raise CheckpointError(f"{path} {error}") from error
    return graph


def _output_shape(graph: Graph, path: Path) -> tuple[int, ...]:
    """Return the shape of the network's output for the small page."""
    try:
        return graph.output_shape(*_PROBE.shape[2:])
    except SizeError as error:
        with suppress(SizeError):
            graph.output_shape(*_EVEN.shape[2:])
            raise CheckpointError(f"{path} {_NOT_EVERY_SIZE}") from error
        raise CheckpointError(f"{path} cannot be run: {error}") from error


def _factor_of(path: Path, shape_out: tuple[int, ...]) -> int:
    """Return the factor by which the small page grew. Raise a CheckpointError if it is invalid or not one channel."""
    height, width = _PROBE.shape[2:]
    if len(shape_out) != 4 or shape_out[:2] != (1, 1):
        raise CheckpointError(f"{path} gives an array of {' x '.join(map(str, shape_out))}, not one grey channel")
    factor = shape_out[2] // height
    if shape_out[2:] != (height * factor, width * factor) or factor not in FACTORS:
        larger = f"{width} x {height} px into {shape_out[3]} x {shape_out[2]}"
        raise CheckpointError(f"{path} turns {larger}: every size must become 2, 4 or 8 times as large")
    return factor


def _open_session(path: Path, content: bytes, threads: int | None, device: str) -> Any:
    devices = providers(device, content, threads)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or 0
    # Pages have tiles of many shapes. Memory patterns, one for each shape, would keep growing over a batch. The arena
    # would keep the memory of the largest tile, so RELEASING empties it after each run.
    options.enable_mem_pattern = False
    # A file can be valid both as ONNX and in ONNX Runtime's own format, which was not checked.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        session = onnxruntime.InferenceSession(content, options, providers=devices)
    except Exception as error:  # ONNX Runtime raises classes of its own that share no public base
        if is_out_of_memory(error):
            raise PageError(sentence_of(error, f"the network {path.name}", "loaded")) from error
        raise CheckpointError(f"{path} is not a readable ONNX network ({_reason(error)}; {_EXPORT_AGAIN})") from error
    check_runs(device, session.get_providers())
    return session


def _x_height(metadata: dict[str, str]) -> tuple[float, float] | None:
    low, high = metadata.get("docsr.x_height_min"), metadata.get("docsr.x_height_max")
    return (float(low), float(high)) if low and high else None


def _is_span(x_height: tuple[float, float] | None) -> bool:
    return x_height is None or 0 < x_height[0] <= x_height[1] < inf


def _reason(error: Exception) -> str:
    """Return the message of an ONNX Runtime error without its codes and without a full stop."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first_line(error)).rstrip(".")
