"""What workers in a sandbox send is read as data: a process that a file has taken over may send anything.

multiprocessing unpickles what comes through its pipes, and a pickle can call any function. Here it makes what results
are made of, and nothing else.
"""

from __future__ import annotations

import builtins
import io
import pickle  # nosec B403
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from docsr.errors import DocsrError

_RESULTS = {
    ("concurrent.futures.process", "_ResultItem"),
    ("concurrent.futures.process", "_rebuild_exc"),
    ("docsr.batch.file_progress", "Stage"),
    ("docsr.batch.results", "PageResult"),
}
"""Beside errors: docsr's and Python's own."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle names, if results may hold it."""
        if (module, name) in _RESULTS:
            return getattr(import_module(module), name)
        if module in {"builtins", "docsr.errors"}:
            found = getattr(builtins if module == "builtins" else import_module(module), name, None)
            allowed = DocsrError if module == "docsr.errors" else BaseException
            if isinstance(found, type) and issubclass(found, allowed):
                return found
        raise pickle.UnpicklingError(f"a worker sent what no result is made of: {module}.{name}")


class _Guarded(Connection):
    """A connection whose other end is not trusted."""

    def recv(self) -> Any:
        """Return the next result."""
        return _Reader(io.BytesIO(self.recv_bytes())).load()


def guard(connection: Any) -> None:
    """Let a connection, from which results are received, make nothing but results; None: there is none."""
    if connection is not None:
        connection.__class__ = _Guarded
