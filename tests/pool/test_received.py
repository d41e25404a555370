"""What a worker in a sandbox sends runs nothing in the process that receives it."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from docsr import errors
from docsr.batch.file_progress import Stage
from docsr.batch.results import PageResult
from docsr.errors import DocsrError, MissingExtraError
from docsr.pool import Sandbox, run_in_processes, send, why_none
from docsr.pool.received import guard

ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DocsrError)]


@dataclass(frozen=True)
class Call:
    """A pickle of it calls a function."""

    function: Any
    arguments: tuple[Any, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def returned(path: Path) -> Any:
    return Call(os.mkdir, (str(path),))


def told(path: Path) -> str:
    send(Call(os.mkdir, (str(path),)))
    return "done"


def raised(path: Path) -> str:
    raise ValueError(Call(os.mkdir, (str(path),)))


def lost(path: Path) -> str:
    return "lost"


@pytest.mark.slow_except("sandbox1-raised")
@pytest.mark.skipif(why_none() is not None, reason="this system has no sandbox")
@pytest.mark.parametrize("way", [returned, told, raised])
@pytest.mark.parametrize("sandbox", [None, Sandbox(reads=(Path(__file__).parents[2],))])
def test_what_is_sent_is_run_without_a_sandbox_alone(tmp_path, way, sandbox):
    path = tmp_path / "made"
    try:
        run = run_in_processes(
            way, [path], jobs=1, on_crash=lost, sandbox=sandbox, on_progress=lambda item, value: None
        )
        found = [result for _, result in run]
    except (ValueError, pickle.UnpicklingError):
        found = ["raised"]
    assert path.is_dir() == (sandbox is None)
    if sandbox is not None:
        assert found in (["lost"], ["raised"])


def through(sent: object) -> Any:
    receiving, sending = Pipe(duplex=False)
    guard(receiving)
    with receiving, sending:
        sending.send(sent)
        return receiving.recv()


@pytest.mark.parametrize(
    "sent",
    [
        PageResult("a", "b", 1, "done", size_in=(1, 2), dpi_in=(1.0, 2.0), x_height_in=4.5, put_back=0.1),
        (3, Stage(1, 2, 3)),
        [1, 2.5, "text", None, True, b"bytes", {"a": (1,)}],
    ],
)
def test_results_come_through(sent):
    assert through(sent) == sent


@pytest.mark.parametrize("kind", [*ERRORS, KeyboardInterrupt, MemoryError, OSError, ValueError])
def test_errors_come_through(kind):
    error = kind("reading a file", "train") if issubclass(kind, MissingExtraError) else kind("what happened")
    found = through(error)
    assert (type(found), str(found)) == (kind, str(error))


@pytest.mark.parametrize(
    "call",
    [
        Call(os.system, ("true",)),
        Call(eval, ("1",)),
        Call(getattr, ("", "upper")),
        Call(partial, (os.getpid,)),
        Call(__import__, ("os",)),
        Call(open, ("/dev/null",)),
        Call(Path, ("a",)),
        os.system,
        type,
        errors.first_line,
    ],
)
def test_nothing_else_does(call):
    with pytest.raises(pickle.UnpicklingError, match="what no result is made of"):
        through(call)
