"""Whether files are worked on in a sandbox: what the user wishes, and what there is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from docsr.errors import UsageError
from docsr.pool import Sandbox, why_none
from docsr.upscalers.catalog import is_file, runs_in_torch
from docsr.upscalers.devices import AUTO, may_use_gpu

WISHES = ("auto", "on", "off")
"""What ``--sandbox`` takes; ``auto``: where there is one."""

_GPUS = ("/dev/nvidiactl", "/dev/kfd")


def sandbox_for(
    wish: str, model: str | None, device: str, reads: Iterable[Path] = (), writes: Iterable[Path] = ()
) -> Sandbox | None:
    """Return the sandbox of workers, or None where they have none.

    Args:
        wish: one of WISHES.
        model: as of EnhanceOptions; a file is read.
        device: where networks run.
        reads: as of docsr.pool.Sandbox.
        writes: as of docsr.pool.Sandbox.

    Raises:
        UsageError: it shall be on, and there is none.
    """
    if wish == "off":
        return None
    why = "drivers of GPUs do not work in it" if may_use_a_gpu(model, device) else why_none()
    if why is None:
        given = [] if model is None or not is_file(model) else [Path(model)]
        return Sandbox((*reads, *given), tuple(writes), required=wish == "on")
    if wish == "on":
        raise UsageError(f"there is no sandbox, and --sandbox on asks for one ({why}): use --sandbox auto, or off")
    return None


def may_use_a_gpu(model: str | None, device: str) -> bool:
    """Tell whether a network may run on a GPU, in ONNX Runtime or torch; arguments as of sandbox_for."""
    by_torch = device == AUTO and runs_in_torch(model)
    return may_use_gpu(device) or (by_torch and any(map(os.path.exists, _GPUS)))
