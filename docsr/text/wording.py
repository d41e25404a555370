"""Format sizes and counts for messages."""

from __future__ import annotations

_HISSING = ("ch", "s", "sh", "x", "z")


def in_bytes(size: int) -> str:
    """Return a size as ``1.2 kB`` or ``3.4 MB``."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 page``, ``2 pages``, ``1,000 patches``."""
    ending = "" if number == 1 else "es" if noun.endswith(_HISSING) else "s"
    return f"{number:,} {noun}{ending}"
