"""Run checkpoints (.safetensors) in torch, to see a training run's results before its export."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from docsr.errors import (
    CheckpointError,
    MissingExtraError,
    PageError,
    UsageError,
    first_line,
    is_out_of_memory,
    sentence_of,
    why_network_failed,
)
from docsr.page import Plane


class TorchUpscaler:
    """A generator from a checkpoint of ``docsr train``. It needs the extra ``train``.

    Attributes:
        path: the file.
        name: the generator's name and factor, such as ``compact_x2``.
        factor: 2, 4 or 8.
        overlap: context in input pixels.
        keeps_white: False, so that every tile is run.
        guarded: True.
    """

    keeps_white, guarded = False, True

    def __init__(self, path: Path, threads: int | None = None, device: str = "auto", factor: int | None = None) -> None:
        """Load the checkpoint.

        Args:
            path: a .safetensors checkpoint.
            threads: CPU threads of this process, or None for torch's own choice.
            device: ``cpu``, ``cuda``, or ``auto`` (CUDA if torch finds a device).
            factor: the factor to use if the network has several. With None, or a factor that the network does not
                have, the one in the file is used.

        Raises:
            MissingExtraError: torch is not installed.
            CheckpointError: the file is missing, damaged or unknown.
            UsageError: ``cuda`` was requested and is not available.
            PageError: torch itself does not fit in memory.
        """
        self.path, self._arguments = Path(path), (threads, device, factor)
        try:
            # Imported by name, so that `docsr enhance` does not depend on torch.
            self._torch: Any = import_module("torch")
            load = import_module("docsr.models.checkpoint").load_checkpoint
        except (ImportError, OSError, MemoryError) as error:
            if is_out_of_memory(error):
                raise PageError(sentence_of(error, "torch, which the network needs,", "loaded")) from error
            if not isinstance(error, ImportError):
                raise
            raise MissingExtraError("reading a .safetensors checkpoint", "train") from error
        checkpoint = load(self.path)
        if threads:
            self._torch.set_num_threads(threads)
        self._device = self._pick(device)
        self._generator = checkpoint.build_generator().eval().to(self._device)
        if factor in self._generator.factors:
            self._generator.at(factor)
        self.factor = int(self._generator.factor)
        self.name = f"{checkpoint.header.name}_x{self.factor}"
        self.overlap = int(self._generator.radius)

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to fH x fW.

        Raises:
            PageError: torch failed on this plane (out of memory).
            CheckpointError: the network does not enlarge by its factor.
        """
        try:
            with self._torch.inference_mode():
                batch = self._torch.tensor(plane[None, None], device=self._device)
                output: Plane = self._generator.on_grey(batch)[0, 0].float().cpu().numpy()
        except (RuntimeError, MemoryError) as error:  # torch raises these, also when memory runs out
            size, reason = f"{plane.shape[1]} x {plane.shape[0]}", why_network_failed(error, first_line(error))
            raise PageError(f"the network {self.path.name} failed on {size} px: {reason}") from error
        if output.shape != (plane.shape[0] * self.factor, plane.shape[1] * self.factor):
            raise CheckpointError(f"{self.path} does not enlarge by the factor {self.factor} that its header states")
        return output

    def __reduce__(self) -> tuple[type[TorchUpscaler], tuple[Path, int | None, str, int | None]]:
        return type(self), (self.path, *self._arguments)

    def _pick(self, device: str) -> str:
        if device not in {"auto", "cpu", "cuda"}:
            raise UsageError(f"{device} runs only ONNX networks: run docsr export on {self.path}, or use --device cpu")
        available = bool(self._torch.cuda.is_available())
        if device == "cuda" and not available:
            raise UsageError("torch finds no CUDA device: use --device cpu")
        return "cuda" if available and device != "cpu" else "cpu"
