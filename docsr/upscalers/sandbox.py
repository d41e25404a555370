"""Decide whether files are processed in a sandbox, from ``--sandbox`` and from what the system offers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from docsr.errors import UsageError
from docsr.pool import Sandbox, why_none
from docsr.upscalers.catalog import is_file, runs_in_torch
from docsr.upscalers.devices import AUTO, may_use_gpu

_GPUS = ("/dev/nvidiactl", "/dev/kfd")


def sandbox_for(
    mode: str, model: str | None, device: str, reads: Iterable[Path] = (), writes: Iterable[Path] = ()
) -> Sandbox | None:
    """Return the sandbox of workers, or None if they run without.

    Args:
        mode: one of SANDBOX_MODES.
        model: as in EnhanceOptions; workers may read it if it is a file.
        device: where networks run.
        reads: as in docsr.pool.Sandbox.
        writes: as in docsr.pool.Sandbox.

    Raises:
        UsageError: ``mode`` is ``on``, and there is no sandbox.
    """
    if mode == "off":
        return None
    why = "GPU drivers do not work in it" if may_use_a_gpu(model, device) else why_none()
    if why is None:
        given = [] if model is None or not is_file(model) else [Path(model)]
        return Sandbox((*reads, *given), tuple(writes), required=mode == "on")
    if mode == "on":
        raise UsageError(f"there is no sandbox, but --sandbox on needs one ({why}): use --sandbox auto, or off")
    return None


def may_use_a_gpu(model: str | None, device: str) -> bool:
    """Return whether a network may run on a GPU, in ONNX Runtime or torch. Arguments are as in sandbox_for."""
    by_torch = device == AUTO and runs_in_torch(model)
    return may_use_gpu(device) or (by_torch and any(map(os.path.exists, _GPUS)))
