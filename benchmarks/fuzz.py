"""Damaged files by the hundred through `docsr enhance`: clean errors only, no hang, no growth.

    python benchmarks/fuzz.py --out benchmarks/results/fuzz.json [--count 500] [--seed 0]

For each format a small page is written and mutated: bytes changed, cut off, doubled, swapped, zeroed, a number in it
made large. All mutants of a format are one batch, enlarged in a worker process with a limit on the time of a page.
Checked: every file is either done or named in one sentence; none ends its worker or passes the limit; nothing
half-written is left; the memory of this process, which hands out the work, stays within 5 % from the first tenth of the
batch to its end.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageDraw, features

from docsr import __version__
from docsr.enhance import EnhanceOptions, PageResult, enhance_files, plan_files
from docsr.io.pdf_scans import write_scans
from docsr.page import Page

TIME_LIMIT, GROWTH = 20.0, 0.05


def page() -> Image.Image:
    """A little text, and a gradient that compression cannot do without."""
    image = Image.fromarray(np.tile(np.linspace(180, 255, 160).astype(np.uint8), (100, 1)))
    ImageDraw.Draw(image).text((8, 20), "Total 1,234.56", fill=20, font_size=18)
    return image


def saved(form: str, mode: str = "L", **options: Any) -> Callable[[Path], None]:
    """What writes the page by Pillow."""
    return lambda path: page().convert(mode).save(path, form, **options)


def tiled(path: Path) -> None:
    """A tiled BigTIFF of two pages with separate planes of 16 bits."""
    pixels = np.asarray(page().convert("RGB")).astype(np.uint16) * 257
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for _ in range(2):
            tiff.write(np.moveaxis(pixels, 2, 0), photometric="rgb", planarconfig="separate", tile=(32, 32))


def scanned(path: Path) -> None:
    """A PDF of two scans, one of them of one bit."""
    grey = np.asarray(page())
    write_scans([Page(grey, (75, 75)), Page(np.where(grey > 128, 255, 0).astype(np.uint8), (75, 75))], path)


FORMATS: dict[str, Callable[[Path], None]] = {
    "png": saved("PNG"),
    "palette.png": saved("PNG", "P"),
    "jpg": saved("JPEG", "RGB", progressive=True),
    "cmyk.jpg": saved("JPEG", "CMYK"),
    "tif": saved("TIFF", compression="tiff_lzw"),
    "g4.tif": saved("TIFF", "1", compression="group4"),
    "g3.tif": saved("TIFF", "1", compression="group3"),
    "jpeg.tif": saved("TIFF", "RGB", compression="jpeg"),
    "tiled.tif": tiled,
    "webp": saved("WEBP"),
    "bmp": saved("BMP"),
    "gif": saved("GIF"),
    "jp2": saved("JPEG2000"),
    "pgm": saved("PPM"),
    "pdf": scanned,
} | ({"avif": saved("AVIF", "RGB")} if features.check("avif") else {})
"""Suffix -> what writes a sound file."""


def mutated(content: bytes, drawn: random.Random) -> bytes:
    """Damage a file in one to three ways."""
    data = bytearray(content)
    for _ in range(drawn.randint(1, 3)):
        place, length = drawn.randrange(len(data)), drawn.randint(1, 1 + len(data) // 8)
        match drawn.randrange(6):
            case 0:
                for _ in range(drawn.randint(1, 12)):
                    data[drawn.randrange(len(data))] = drawn.randrange(256)
            case 1:
                del data[max(1, place) :]
            case 2:
                data[place:place] = data[place : place + length]
            case 3:
                other = drawn.randrange(len(data))
                data[place : place + length] = data[other : other + length]
            case 4:
                data[place : place + length] = bytes(length)
            case _:
                data[place : place + 4] = drawn.choice([b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"])
    return bytes(data)


def memory() -> float:
    """Resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def batch(suffix: str, write: Callable[[Path], None], count: int, seed: int) -> dict[str, Any]:
    """Fuzz one format; what came of it, and whether it holds."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in", Path(folder) / "out"
        given.mkdir()
        write(sound := Path(folder) / f"sound.{suffix}")
        drawn = random.Random(f"{seed} {suffix}")
        for number in range(count):
            (given / f"{number:05d}.{suffix}").write_bytes(mutated(sound.read_bytes(), drawn))
        options = EnhanceOptions(factor=2, model="bicubic")
        tasks = plan_files([given], out, options)
        results, sizes, started = list[PageResult](), list[float](), time.perf_counter()
        for result in enhance_files(tasks, out, options, time_limit=TIME_LIMIT):
            results.append(result)
            sizes.append(memory())
        left = [path.name for path in out.rglob(".docsr-*") if path.suffix != ".jsonl"]
    failed = {result.input: result.error for result in results if result.error is not None}
    bad = {
        "not told of": count - len({result.input for result in results}),
        "ended its worker or hung": sum("ended the process" in sentence for sentence in failed.values()),
        "more than one line": sum("\n" in sentence for sentence in failed.values()),
        "half-written": len(left),
    }
    growth = max(sizes) / max(sizes[: max(1, len(sizes) // 10)]) - 1
    return {
        "files": count,
        "failed": len(failed),
        **bad,
        "growth": round(growth, 4),
        "seconds": round(time.perf_counter() - started, 1),
        "holds": not any(bad.values()) and growth <= GROWTH,
    }


def main() -> None:
    """All formats; exit code 1 when one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    parser.add_argument("--count", type=int, default=500, help="mutants of a format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", action="append", choices=list(FORMATS), help="only this (repeat)")
    options = parser.parse_args()
    found = {}
    for suffix in options.format or FORMATS:
        found[suffix] = batch(suffix, FORMATS[suffix], options.count, options.seed)
        sys.stderr.write(f"{suffix}: {found[suffix]}\n")
    told = {
        "command": shlex.join(["python", *sys.argv]),
        "docsr": __version__,
        "python": platform.python_version(),
        "limits": {"seconds a page": TIME_LIMIT, "growth of the parent": GROWTH},
        "formats": found,
    }
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if not all(one["holds"] for one in found.values()):
        sys.exit("not all formats hold")


if __name__ == "__main__":
    main()
