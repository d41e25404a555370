"""Try a network file from outside in a separate process before a run relies on it."""

from __future__ import annotations

from contextlib import closing
from multiprocessing import current_process
from pathlib import Path
from typing import TypeAlias

from docsr.choices import MAX_PIXELS
from docsr.errors import CheckpointError
from docsr.io.limits import MAX_MEMORY, TORCH_MEMORY, memory_for, size_of
from docsr.pool import SingleWorker, in_worker
from docsr.upscalers.catalog import is_file, resolve, runs_in_torch
from docsr.upscalers.sandbox import may_use_a_gpu, sandbox_for
from docsr.weights import is_shipped

SECONDS = 60.0
"""Time limit in seconds for loading a network and running it on a small page."""

_TOO_SLOW = 0
"""The result, instead of a factor, if the time limit is exceeded."""

_Request: TypeAlias = tuple[str, int | None, str]


def tried(model: str, factor: int | None = None, device: str = "auto", sandbox: str = "off") -> int:
    """Load a model and return its factor. Arguments and errors are as in docsr.upscalers.catalog.resolve.

    A file that docsr does not ship is loaded in a worker process, like those for pages. If it ends that process or
    hangs, a CheckpointError is raised. A process that is a worker already, or must not start processes, loads the file
    itself. ``sandbox`` is as in docsr.batch.options.EnhanceOptions.
    """
    request = model, factor, device
    foreign = is_file(model) and not is_shipped(Path(model))
    if not foreign or in_worker() or current_process().daemon:
        return _factor(request)
    memory, inside = None if may_use_a_gpu(model, device) else _memory, sandbox_for(sandbox, model, device)
    with closing(SingleWorker(_factor, _none, SECONDS, memory, sandbox=inside, on_timeout=_late)) as worker:
        result: int | None = worker(request)
    if result is None or result == _TOO_SLOW:
        ended = "crashed its process (out of memory?)" if result is None else f"took more than {SECONDS:g} s"
        raise CheckpointError(f"the network {model} {ended} each time it ran on a small page: use another")
    return result


def _factor(request: _Request) -> int:
    model, factor, device = request
    return resolve(model, factor, threads=1, device=device).factor


def _memory(request: _Request) -> int:
    least = TORCH_MEMORY if runs_in_torch(request[0]) else MAX_MEMORY
    return memory_for(size_of(Path(request[0])), MAX_PIXELS, 1, least)


def _none(_request: _Request) -> None:
    """Return the result for a file that ends its process."""


def _late(_request: _Request) -> int:
    return _TOO_SLOW
