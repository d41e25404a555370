"""Networks in ONNX, run by ONNX Runtime: ours, and any that takes one grey channel in [0, 1]."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from docsr.errors import CheckpointError, PageError, first_line
from docsr.page import Plane
from docsr.upscalers.devices import check_runs, providers

_UNKNOWN_OVERLAP = 32
"""Context for a network that does not say how far it sees, in input pixels."""

_EXTERNAL = b"\x0a\x08location\x12"
"""An ``external_data`` entry of a tensor in the ONNX wire format: key "location", then a value."""

_PROBE = np.ones((1, 1, 47, 37), dtype=np.float32)
_EVEN = np.ones((1, 1, 64, 64), dtype=np.float32)
"""A size that networks which want multiples of a number are likely to take, and one that they are not."""

_WHITE_TOLERANCE = 0.5 / 255

RELEASING = onnxruntime.RunOptions()
"""How a network is run: what memory of the machine it took is given back (that of a GPU is kept)."""
RELEASING.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")


class OnnxUpscaler:
    """A network file: input N x 1 x H x W float32 in [0, 1], output N x 1 x fH x fW.

    Files written by ``docsr export`` say their name, factor and overlap in ``metadata_props`` (``docsr.*``);
    for others the factor is found by running a small white page and the overlap is taken wide.

    Attributes:
        path: the file.
        name: from the metadata, else the file's stem.
        factor: 2, 4, 8 ...
        overlap: context in input pixels.
        keeps_white: whether a white page stays white to half a grey level.
        guarded: True.
        x_height: (smallest, largest) x-height in input px it was trained on, or None.
        version: version written at export, or None.
    """

    guarded = True

    def __init__(self, path: Path, threads: int | None = None, device: str = "auto") -> None:
        """Load and probe.

        Args:
            path: an .onnx file.
            threads: CPU threads of one call; None lets ONNX Runtime take every core.
            device: one of docsr.upscalers.devices.DEVICES.

        Raises:
            CheckpointError: the file is missing, damaged, or not a network of this kind.
            UsageError: the device is not available.
        """
        self.path, self._threads, self._device = Path(path), threads, device
        self._session = _open_session(self.path, threads, device)
        self._input = _grey_input(self._session, self.path)
        try:
            metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{self.path} has metadata that are not UTF-8: export it again") from error
        self.factor, self.keeps_white = self._probe()
        self.name = metadata.get("docsr.name") or self.path.stem
        self.version = metadata.get("docsr.version")
        try:
            self.overlap = int(metadata.get("docsr.overlap", _UNKNOWN_OVERLAP))
            self.x_height = _x_height(metadata)
            told = int(metadata.get("docsr.factor", self.factor))
        except ValueError as error:
            raise CheckpointError(f"{self.path} has docsr metadata that is not a number: {error}") from error
        if told != self.factor or self.overlap < 0:
            raise CheckpointError(f"{self.path} says factor {told} but enlarges {self.factor} times: export it again")

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to fH x fW.

        Raises:
            PageError: ONNX Runtime failed on this plane, or made another size of it.
        """
        plane_out: Plane = self._run(plane[None, None])[0, 0]
        (height, width), made = plane.shape, plane_out.shape
        if made != (self.factor * height, self.factor * width):
            larger = f"{self.path.name} turned {width} x {height} px into {made[1]} x {made[0]}"
            raise PageError(f"the network {larger}, not {self.factor} times as large: it is of no use for tiles")
        return plane_out

    def __reduce__(self) -> tuple[type[OnnxUpscaler], tuple[Path, int | None, str]]:
        return type(self), (self.path, self._threads, self._device)

    def _run(self, batch: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
        try:
            output = self._session.run(None, {self._input: np.ascontiguousarray(batch)}, RELEASING)[0]
        except Exception as error:  # ONNX Runtime raises classes of its own that share no public base
            size = f"{batch.shape[-1]} x {batch.shape[-2]}"
            advice = "use a smaller --tile if memory ran out"
            raise PageError(f"the network {self.path.name} failed on {size} px: {_reason(error)} ({advice})") from error
        return np.asarray(output)

    def _runs_even(self) -> bool:
        try:
            self._run(_EVEN)
        except PageError:
            return False
        return True

    def _probe(self) -> tuple[int, bool]:
        """Run a white page: return the factor and whether white stays white."""
        height, width = _PROBE.shape[-2:]
        try:
            output = self._run(_PROBE)
        except PageError as error:
            if self._runs_even():
                sizes = f"it runs on 64 x 64 px and not on {width} x {height}"
                raise CheckpointError(f"{self.path} does not take every size ({sizes}), which tiles need") from error
            raise CheckpointError(f"{self.path} cannot be run: {error}") from error
        if output.ndim != 4 or output.shape[:2] != (1, 1) or output.dtype != np.float32:
            raise CheckpointError(f"{self.path} gives {output.dtype} {output.shape}, not one grey float32 channel")
        factor = output.shape[2] // height
        if output.shape[2:] != (height * factor, width * factor) or factor < 2 or factor & (factor - 1):
            raise CheckpointError(
                f"{self.path} turns {width} x {height} px into {output.shape[3]} x {output.shape[2]}: "
                "every size must become 2, 4 or 8 times as large"
            )
        if not np.isfinite(output).all():
            raise CheckpointError(f"{self.path} gives values that are not numbers: its weights are damaged")
        return factor, bool(np.abs(output - 1).max() <= _WHITE_TOLERANCE)


def _open_session(path: Path, threads: int | None, device: str) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read the network {path}: {error.strerror or error}") from error
    if _EXTERNAL in content:
        raise CheckpointError(f"{path} keeps its weights in a second file, which is refused: save it as one file")
    chosen = providers(device, content, threads)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or 0
    # Pages have tiles of many shapes: patterns, one for each, would keep growing over a batch. The arena would keep
    # what the largest tile took; RELEASING empties it after each run.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(content, options, providers=chosen)
    except Exception as error:  # ONNX Runtime raises classes of its own that share no public base
        reason = f"{_reason(error)}; it may be cut off or of another kind, export it again"
        raise CheckpointError(f"{path} is not a readable ONNX network ({reason})") from error
    check_runs(device, session.get_providers())
    return session


def _grey_input(session: Any, path: Path) -> str:
    """Return the name of the only input, after checking that it is N x 1 x H x W float32 of free size."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(session.get_outputs()) != 1:
        raise CheckpointError(f"{path} has {len(inputs)} inputs and {len(session.get_outputs())} outputs, not one each")
    shape = inputs[0].shape
    if inputs[0].type != "tensor(float)" or len(shape) != 4:
        raise CheckpointError(f"{path} takes {inputs[0].type} of rank {len(shape)}, not N x 1 x H x W float32")
    if isinstance(shape[1], int) and shape[1] != 1:
        raise CheckpointError(f"{path} takes {shape[1]} channels; docsr runs networks of one grey channel")
    if isinstance(shape[2], int) or isinstance(shape[3], int):
        raise CheckpointError(f"{path} takes only {shape[3]} x {shape[2]} px: export it with a free height and width")
    return str(inputs[0].name)


def _x_height(metadata: dict[str, str]) -> tuple[float, float] | None:
    low, high = metadata.get("docsr.x_height_min"), metadata.get("docsr.x_height_max")
    return (float(low), float(high)) if low and high else None


def _reason(error: Exception) -> str:
    """Return what an error of ONNX Runtime says, without its codes and without a full stop."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first_line(error)).rstrip(".")
