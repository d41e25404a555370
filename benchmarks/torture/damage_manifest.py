"""The manifest of an output folder as fuzz.py has it: lines that say anything, in whatever number."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ["../above.txt", "../../above.txt", "/etc/passwd", "a/../../in/grey.png", "", ".", "..", "a\0b", "x" * 300,
         "/".join("x" * 200 for _ in range(30)), "\ud800", "\u202egnp.exe", "grey.png/", "./grey.png", "a//b",
         ".docsr-manifest.jsonl", ".docsr-manifest.d/x/../../../above.txt", "CON", "\x1b[31mred",
         "new\nline"]  # fmt: skip
NUMBERS = [0, -1, 2**31, 2**63, 10**300, 1e308, float("inf"), float("nan"), -0.0, True]
MANY = [3, 1000, 20_000]
MOST, DEEP, MOST_BYTES = 200_000, [900, 5000, 100_000], 1 << 25

Lines = list[bytes]
Change = Callable[[Lines, random.Random], None]


def _field(entry: dict[str, Any], drawn: random.Random) -> str:
    return drawn.choice(list(entry) or ["output"])


def _changed(lines: Lines, drawn: random.Random, change: Callable[[dict[str, Any]], None]) -> None:
    number = drawn.randrange(len(lines))
    try:
        entry = json.loads(lines[number])
    except (ValueError, RecursionError):
        return
    if isinstance(entry, dict):
        change(entry)
        lines[number] = json.dumps(entry).encode()


def retyped(lines: Lines, drawn: random.Random) -> None:
    """Have a value of another type."""
    values: list[Any] = [None, [], {}, [[]], {"a": 1}, "", "text", *NUMBERS, *NAMES]
    _changed(lines, drawn, lambda entry: entry.update({_field(entry, drawn): drawn.choice(values)}))


def named(lines: Lines, drawn: random.Random) -> None:
    """Name another file than one below the folder."""
    _changed(lines, drawn, lambda entry: entry.update({drawn.choice(["output", "input"]): drawn.choice(NAMES)}))


def numbered(lines: Lines, drawn: random.Random) -> None:
    """Have numbers that no file has."""
    _changed(lines, drawn, lambda entry: entry.update({drawn.choice(["size", "modified"]): drawn.choice(NUMBERS)}))


def lost(lines: Lines, drawn: random.Random) -> None:
    """Lose a field."""
    _changed(lines, drawn, lambda entry: entry.pop(_field(entry, drawn), None))


def gained(lines: Lines, drawn: random.Random) -> None:
    """Have a field that is none."""
    _changed(lines, drawn, lambda entry: entry.update({drawn.choice(["", "self", "__class__", "x"]): 1}))


def swapped(lines: Lines, drawn: random.Random) -> None:
    """Say of one output what holds of another."""
    if len(lines) > 1:
        one, other = drawn.sample(range(len(lines)), 2)
        lines[one] = lines[one].replace(b"grey.png", b"pages.tif")
        lines[one], lines[other] = lines[other], lines[one]


def repeated(lines: Lines, drawn: random.Random) -> None:
    """Say it a thousand times, or as often as MOST_BYTES let."""
    line = drawn.choice(lines)
    lines += [line] * min(drawn.choice(MANY), MOST_BYTES // (len(line) + 1))


def hundreds_of_thousands(lines: Lines, drawn: random.Random) -> None:
    """Tell of hundreds of thousands of outputs, or of one as often."""
    if len(lines) < MOST and drawn.random() < 1 / 4:  # a second each
        same = drawn.random() < 1 / 2
        line = b'{"input":"/a%d","sha256":"","options":"","output":"%s","size":1,"modified":1,"output_sha256":""}'
        lines += [line % (number, b"grey.png" if same else b"%d.png" % number) for number in range(MOST)]


def nested(lines: Lines, drawn: random.Random) -> None:
    """Nest deeply."""
    levels = drawn.choice(DEEP)
    open_ended, closed = b"[" * levels, b"[" * levels + b"]" * levels
    deep = drawn.choice([open_ended, closed, b'{"a":' * levels, b'{"output":"x","input":' + open_ended])
    lines.insert(drawn.randrange(len(lines) + 1), deep)


def long(lines: Lines, drawn: random.Random) -> None:
    """Have a line of megabytes."""
    size = drawn.choice([70_000, 5_000_000])
    piece = drawn.choice([b"x", b"\0", b"9", b" ", b"\xff"]) * size
    lines.insert(drawn.randrange(len(lines) + 1), drawn.choice([piece, b'{"output":"' + piece + b'"}', b"[" + piece]))


def coded(lines: Lines, drawn: random.Random) -> None:
    """Be written in another way than UTF-8, or with other ends of lines."""
    number = drawn.randrange(len(lines))
    line = lines[number]
    ways = [b"\xef\xbb\xbf" + line, line + b"\r", line.decode("utf-8", "replace").encode("utf-16"), b"\xff" + line,
            line.replace(b",", b"\x0b,\x1c,\xc2\x85"), b"", b"\0" * 100, line[: len(line) // 2]]  # fmt: skip
    lines[number] = drawn.choice(ways)


def bits(lines: Lines, drawn: random.Random) -> None:
    """Have some of its bits turned over."""
    number = drawn.randrange(len(lines))
    line = bytearray(lines[number][:100_000] or b"{}")
    for _ in range(drawn.randint(1, 8)):
        line[drawn.randrange(len(line))] ^= 1 << drawn.randrange(8)
    lines[number] = bytes(line)


CHANGES: tuple[Change, ...] = (
    retyped, retyped, retyped, named, named, named, numbered, lost, gained, swapped, repeated, hundreds_of_thousands,
    nested, long, coded, bits,
)  # fmt: skip


def changed_manifest(content: bytes, drawn: random.Random) -> bytes:
    """Change lines of a manifest in one to four ways; one time in six its end is cut off."""
    lines = content.splitlines()
    for _ in range(drawn.choice([1, 1, 2, 4])):
        drawn.choice(CHANGES)(lines, drawn)
    made = b"\n".join(lines) + b"\n"
    return made[: -drawn.randint(1, 60)] if drawn.random() < 1 / 6 else made


def put(place: Path, content: bytes, elsewhere: Path, drawn: random.Random) -> None:
    """Put a manifest into its place: one time in eight as what is no file of its own (a pipe, a folder, a link).

    Args:
        place: where the manifest stands.
        content: its bytes.
        elsewhere: a file that a link may lead to, and that has to stay as it is.
        drawn: what decides.
    """
    place.unlink(missing_ok=True)
    if drawn.random() >= 1 / 8:
        place.write_bytes(content)
        return
    kinds: list[Callable[[], object]] = [
        lambda: os.mkfifo(place),
        place.mkdir,
        lambda: place.symlink_to(elsewhere),
        lambda: place.symlink_to("/dev/zero"),
        lambda: place.symlink_to(place.name),
        lambda: place.symlink_to(place.parent / "missing"),
    ]
    drawn.choice(kinds)()
