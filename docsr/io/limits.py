"""Limit the size of pages and the memory they take: a larger page is treated as damage or an attack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from docsr.choices import MAX_PIXELS
from docsr.errors import PageError
from docsr.io.read_errors import TooLarge
from docsr.page import Bands, Page

MAX_MEMORY = 1_000_000_000
"""The most bytes that a process may use to work on a small file, unless the user allows more."""

TORCH_MEMORY = 3_000_000_000
"""MAX_MEMORY when torch runs the network: it keeps what each layer makes of a tile, and none of it in 8 bits.

At the default tile size and one thread our largest checkpoints needed 1.4 GB; the rest allows for larger checkpoints
and more threads.
"""

MEMORY_PER_BYTE = 128
"""Each byte of a larger file allows this many more bytes of memory, up to the process's share of the machine."""

_PART_OF_MACHINE = 0.8
_BYTES_PER_PIXEL = 8
_HELD_GREY, _HELD_COLOUR = 2, 7
"""Bytes per pixel of a page held whole for writing: the page itself and the encoder's working memory."""

_REMEDY = "use a smaller --factor, or --format tiff or png (without --binarize), which are written piece by piece"
_OVERHEAD = 150_000_000
"""Bytes that a process uses besides the decoded page: the interpreter, libraries, a network."""

_most: ContextVar[int] = ContextVar("most_pixels", default=MAX_PIXELS)
_memory: ContextVar[int | None] = ContextVar("most_memory", default=None)

MOST_MISSING = 0.1
"""Share of a picture. If more is missing, the page counts as damaged; if less, the user gets a warning."""


def most_pixels() -> int:
    """Return the largest number of pixels that a page may have in the current context."""
    return _most.get()


def most_memory() -> int:
    """Return how many bytes this process may use in the current context."""
    limit = _memory.get()
    return round(_PART_OF_MACHINE * machine_memory()) if limit is None else limit


@contextmanager
def allowing(pixels: int, memory: int | None = None) -> Iterator[None]:
    """Allow, within the block and in this thread, pages of up to ``pixels`` pixels and ``memory`` bytes in use.

    If ``memory`` is None, 80 % of the machine's memory is allowed.
    """
    before, memory_before = _most.set(pixels), _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(memory_before)
        _most.reset(before)


def memory_for(size: int, pixels: int, jobs: int, least: int = MAX_MEMORY) -> int:
    """Return how many bytes a process that works on one file may use when the user sets no limit.

    Args:
        size: of the file, in bytes. A small file must not take all memory; a large one may hold a large page.
        pixels: the largest page that is allowed. If it is more than MAX_PIXELS, the limit leaves memory for it.
        jobs: how many such processes share the machine.
        least: the limit for the smallest file: MAX_MEMORY, or TORCH_MEMORY. The machine's memory bounds it.
    """
    wanted = least + MEMORY_PER_BYTE * size
    if pixels > MAX_PIXELS:
        wanted = max(wanted, _OVERHEAD + _BYTES_PER_PIXEL * pixels)
    return max(MAX_MEMORY, min(wanted, round(_PART_OF_MACHINE * machine_memory() / jobs)))


def size_of(path: Path) -> int:
    """Return how many bytes a file has; 0 if its size cannot be read."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=1)
def machine_memory() -> int:
    """Return how many bytes of memory the machine has, or the container if its limit is lower."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        memory = 1 << 33
    for limit_file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # "max", or no cgroups here
            memory = min(memory, int(Path(limit_file).read_text()))
    return memory


def check_memory(count: float) -> None:
    """Refuse a page that needs more memory than this process may use, before the memory is allocated.

    Args:
        count: bytes that the page needs.

    Raises:
        TooLarge: it needs too many.
    """
    most = most_memory()
    if count + _OVERHEAD > most:
        needs = f"it needs {(count + _OVERHEAD) / 1e9:.1f} GB of memory"
        raise TooLarge(f"{needs}, and {most / 1e9:.1f} GB are allowed (docsr enhance --max-memory)")


def check_held(page: Page | Bands, beside: int = 0, remedy: str = _REMEDY) -> None:
    """Refuse a page that must be held whole and is too large, before its memory is allocated.

    Args:
        page: its size is read, its pixels are not.
        beside: bytes that are held together with its pixels until it is complete.
        remedy: what the user can do, as a clause.

    Raises:
        PageError: it would have more than most_pixels() pixels, or need more than most_memory() bytes.
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
        PageError: it has more than most_pixels() pixels, or needs more than most_memory() bytes.
    """
    check_held(page)
    return page if isinstance(page, Page) else page.whole()
