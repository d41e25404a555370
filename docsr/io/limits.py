"""How large a page may be: what claims to be larger is taken for damage or an attack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from docsr.errors import PageError
from docsr.io.read_errors import TooLarge
from docsr.page import Bands, Page

MAX_PIXELS = 1_000_000_000
"""The largest page that is decoded, or held whole to be written, unless the user allows more."""

MAX_MEMORY = 1_000_000_000
"""Bytes that the process which works on a small file may hold, unless the user allows more."""

TORCH_MEMORY = 3_000_000_000
"""The same where torch runs the network: it keeps what each layer makes of a tile, and none of it in 8 bits.

At the default tile and one thread our largest checkpoints needed 1.4 GB; the rest is for larger ones, and for threads.
"""

MEMORY_PER_BYTE = 128
"""A larger file may take so many bytes more for each of its own, up to its share of the machine."""

_PART_OF_MACHINE = 0.8
_BYTES_PER_PIXEL = 8
_HELD_GREY, _HELD_COLOUR = 2, 7
"""Bytes of a pixel of a page that is held whole to be written: itself, and what the encoder makes of it."""

_PIECE_BY_PIECE = (
    "use a smaller --factor, or --format tiff or png (without --binarize), which are written piece by piece"
)
_BESIDE = 150_000_000
"""What a process holds beside the page that is decoded: the interpreter, libraries, a network."""

_most: ContextVar[int] = ContextVar("most_pixels", default=MAX_PIXELS)
_memory: ContextVar[int | None] = ContextVar("most_memory", default=None)

MOST_MISSING = 0.1
"""Of a picture: where more of it is missing, the page is damaged; what is less is told as a warning."""


def most_pixels() -> int:
    """Return the largest number of pixels that a page may have here and now."""
    return _most.get()


def most_memory() -> int:
    """Return how many bytes this process may hold here and now."""
    told = _memory.get()
    return round(_PART_OF_MACHINE * machine_memory()) if told is None else told


@contextmanager
def allowing(pixels: int, memory: int | None = None) -> Iterator[None]:
    """Let pages have up to ``pixels`` pixels within the block, in this thread, and the process hold so many bytes.

    ``memory`` None: most of what the machine has.
    """
    before, memory_before = _most.set(pixels), _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(memory_before)
        _most.reset(before)


def memory_for(size: int, pixels: int, jobs: int, least: int = MAX_MEMORY) -> int:
    """Return how many bytes the process may hold that works on a file, where the user does not say.

    Args:
        size: of the file, in bytes: a small one cannot take all memory, a large one may be a large page.
        pixels: the largest page that is allowed; where that is more than MAX_PIXELS, memory for it is.
        jobs: how many such processes share the machine.
        least: for the smallest file: MAX_MEMORY, or TORCH_MEMORY as far as the machine has it.
    """
    wanted = least + MEMORY_PER_BYTE * size
    if pixels > MAX_PIXELS:
        wanted = max(wanted, _BESIDE + _BYTES_PER_PIXEL * pixels)
    return max(MAX_MEMORY, min(wanted, round(_PART_OF_MACHINE * machine_memory() / jobs)))


def size_of(path: Path) -> int:
    """Return how many bytes a file has, 0 where it cannot be told."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=1)
def machine_memory() -> int:
    """Return how many bytes of memory the machine has, or the container."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        found = 1 << 33
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # "max", or another system
            found = min(found, int(Path(place).read_text()))
    return found


def check_memory(count: float) -> None:
    """Refuse, before it is taken, memory for a page that this process may not hold.

    Args:
        count: bytes.

    Raises:
        TooLarge: they are too many.
    """
    most = most_memory()
    if count + _BESIDE > most:
        needs = f"it needs {(count + _BESIDE) / 1e9:.1f} GB of memory"
        raise TooLarge(f"{needs}, and {most / 1e9:.1f} GB are allowed (docsr enhance --max-memory)")


def check_held(page: Page | Bands, beside: int = 0, remedy: str = _PIECE_BY_PIECE) -> None:
    """Refuse, before the memory is taken, a page that is to be held whole and is too large.

    Args:
        page: its pixels are not looked at.
        beside: bytes that are held with its pixels until it is made.
        remedy: what helps, as a clause.

    Raises:
        PageError: it would have more than most_pixels(), or take more than most_memory().
    """
    name = "the image" if page.source is None else str(page.source)
    if page.width * page.height > most_pixels():
        size = f"{page.width} x {page.height} px, more than {most_pixels():,}"
        raise PageError(f"{name}: it would become {size} (--max-pixels): {remedy}")
    try:
        pixels, channels, held = page.width * page.height, *((1, _HELD_GREY) if page.is_grey else (3, _HELD_COLOUR))
        check_memory(max(pixels * held, pixels * channels + beside))
    except TooLarge as error:
        raise PageError(f"{name}: it would become {page.width} x {page.height} px: {error}; {remedy}") from error


def in_memory(page: Page | Bands) -> Page:
    """Return a page with its pixels in memory.

    Raises:
        PageError: they are more than most_pixels(), or would take more than most_memory().
    """
    check_held(page)
    return page if isinstance(page, Page) else page.whole()
