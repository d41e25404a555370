"""Look up extension points by name in explicit registries: one dict each, one line per entry, no side effects."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from docsr.errors import UsageError

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from names to entries of one kind.

    For an unknown name, :meth:`find` raises a UsageError that names the nearest match and all choices.
    """

    def __init__(self, kind: str, entries: Mapping[str, T]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> T:
        """Return the entry called ``name``, or raise a UsageError that suggests one."""
        if name in self._entries:
            return self._entries[name]
        raise UsageError(f"unknown {self.kind} '{name}'{suggestion(name, self._entries)}")


def suggestion(name: str, choices: Mapping[str, object] | list[str]) -> str:
    """Return ``"; did you mean 'x'? (choices: ...)"`` for an unknown ``name``."""
    names = sorted(choices)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"{hint} (choices: {', '.join(names)})"
