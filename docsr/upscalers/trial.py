"""A network's file from outside is loaded and run once in a process of its own, before a run counts on it."""

from __future__ import annotations

from contextlib import closing
from multiprocessing import current_process
from pathlib import Path
from typing import TypeAlias

from docsr.errors import CheckpointError
from docsr.io.limits import MAX_MEMORY, MAX_PIXELS, TORCH_MEMORY, memory_for, size_of
from docsr.pool import SingleWorker, in_worker
from docsr.upscalers.catalog import is_file, resolve, runs_in_torch
from docsr.upscalers.sandbox import may_use_a_gpu, sandbox_for
from docsr.weights import is_shipped

SECONDS = 60.0
"""What loading a network and running it on a small page may take."""

_TOO_SLOW = 0
"""Found, in the place of a factor, of what is not done by then."""

_Wish: TypeAlias = tuple[str, int | None, str]


def tried(model: str, factor: int | None = None, device: str = "auto", sandbox: str = "off") -> int:
    """Load what ``model`` names and return its factor; arguments and errors as of docsr.upscalers.catalog.resolve.

    A file that docsr does not ship is loaded in a worker process, as pages are done in some: what ends that process or
    hangs is a CheckpointError. A process that is such a worker already, or may start none, loads it itself.
    ``sandbox`` is as of docsr.batch.options.EnhanceOptions.
    """
    wish = model, factor, device
    foreign = is_file(model) and not is_shipped(Path(model))
    if not foreign or in_worker() or current_process().daemon:
        return _factor(wish)
    memory, inside = None if may_use_a_gpu(model, device) else _memory, sandbox_for(sandbox, model, device)
    with closing(SingleWorker(_factor, _none, SECONDS, memory, sandbox=inside, on_timeout=_late)) as apart:
        found: int | None = apart(wish)
    if found is None or found == _TOO_SLOW:
        ended = "ended its process (out of memory?)" if found is None else f"took more than {SECONDS:g} s"
        raise CheckpointError(f"the network {model} {ended}, each time it was tried on a small page: use another")
    return found


def _factor(wish: _Wish) -> int:
    model, factor, device = wish
    return resolve(model, factor, threads=1, device=device).factor


def _memory(wish: _Wish) -> int:
    least = TORCH_MEMORY if runs_in_torch(wish[0]) else MAX_MEMORY
    return memory_for(size_of(Path(wish[0])), MAX_PIXELS, 1, least)


def _none(_wish: _Wish) -> None:
    """The result of what ends its process."""


def _late(_wish: _Wish) -> int:
    return _TOO_SLOW
