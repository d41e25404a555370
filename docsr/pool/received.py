"""Unpickle only results from sandboxed workers: a malicious file that took over a worker may make it send anything.

multiprocessing unpickles everything that comes through its pipes, and a pickle can call any function. The unpickler
here builds only the classes that results consist of.
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
"""The allowed classes, besides the errors of docsr and of Python."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the class that a pickle names, if results may hold it."""
        if (module, name) in _RESULTS:
            return getattr(import_module(module), name)
        if module in {"builtins", "docsr.errors"}:
            found = getattr(builtins if module == "builtins" else import_module(module), name, None)
            allowed = DocsrError if module == "docsr.errors" else BaseException
            if isinstance(found, type) and issubclass(found, allowed):
                return found
        raise pickle.UnpicklingError(f"a worker sent what no result is made of: {module}.{name}")


class _Guarded(Connection):
    """A connection from a process that is not trusted."""

    def recv(self) -> Any:
        """Return the next result."""
        return _Reader(io.BytesIO(self.recv_bytes())).load()


def guard(connection: Any) -> None:
    """Restrict a connection to receiving results. None stands for no connection."""
    if connection is not None:
        connection.__class__ = _Guarded
