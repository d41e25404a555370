"""Let Pillow read HEIF (.heic, which phones write) if the package pillow-heif is installed."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


@cache
def register_heif() -> None:
    """Register HEIF with Pillow if pillow-heif is installed."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def is_heif(start: bytes) -> bool:
    """Return whether a file that starts with these 12 bytes is HEIF."""
    return start[4:8] == b"ftyp" and start[8:12] in _BRANDS
