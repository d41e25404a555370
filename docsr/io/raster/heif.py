"""HEIF (.heic, what phones take), which Pillow reads where the package pillow-heif has told it how."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


@cache
def tell_pillow() -> None:
    """Let Pillow know HEIF, where pillow-heif is installed."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def is_heif(start: bytes) -> bool:
    """Whether a file that starts with these bytes (12 of them) says that it is HEIF."""
    return start[4:8] == b"ftyp" and start[8:12] in _BRANDS
