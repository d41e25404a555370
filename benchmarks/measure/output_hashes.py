"""Print the SHA-256 of what docsr makes of a file of each kind: two commits that print the same behave the same.

    python -m benchmarks.measure.output_hashes inputs/ > before.txt

The files are those of tests/formats, and a page of text at 60 and 100 dpi in grey, black and white, and colour. They go
through `docsr enhance` as it is by default, and into each output format. They are made once, in the folder that is
named: colour profiles have a date. Compare within one environment and machine:
another version of a library, or another processor, may give other bytes.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure.speed import DEGRADATION, a4_page
from docsr.bench.degradations import lower
from docsr.io.document import write_document
from docsr.page import Page
from tests.formats import jpeg_2000, kinds, pdfs, tiffs

RUNS = {
    "as it is": [],
    "twice": ["--factor", "2"],
    "bicubic": ["--factor", "4", "--model", "bicubic"],
    "tiff": ["--format", "tiff", "--dpi", "200"],
    "pdf": ["--format", "pdf"],
}
"""Name -> arguments of docsr enhance."""


def kinds_of_files() -> list[kinds.Kind]:
    """Return every kind of file that the tests make."""
    modules = (kinds, jpeg_2000, pdfs, tiffs)
    groups = [value for module in modules for value in vars(module).values() if isinstance(value, tuple)]
    found = {kind.name: kind for group in groups for kind in group if isinstance(kind, kinds.Kind)}
    return list(found.values())


def fill(folder: Path) -> None:
    """Write the files."""
    for kind in kinds_of_files():
        kind.make(folder / kind.name)
    for dpi in (60, 100):
        page = lower(a4_page(), dpi, DEGRADATION, seed=0)
        grey = page.pixels[: page.height // 3]
        tints = {"grey": grey, "bw": np.where(grey < 128, 0, 255).astype(np.uint8), "rgb": np.dstack([grey] * 3)}
        for name, pixels in tints.items():
            for suffix, form in {"png": "png", "pdf": "pdf", "tif": "tiff"}.items():
                write_document(folder / f"text_{dpi}_{name}.{suffix}", [Page(pixels, page.dpi)], form, quality=90)


def main() -> None:
    """Run all, and print a line for each output."""
    source = Path(sys.argv[1])
    if not source.is_dir():
        source.mkdir(parents=True)
        fill(source)
    sys.stdout.write(f"{len(list(source.iterdir()))} files\n")
    with tempfile.TemporaryDirectory() as name:
        for run, arguments in RUNS.items():
            out = Path(name) / run
            command = [sys.executable, "-m", "docsr", "enhance", source, "--out", out, "--jobs", "1", *arguments]
            ended = subprocess.run([*map(str, command)], capture_output=True, check=False)
            sys.stdout.write(f"{run}: exit code {ended.returncode}\n")
            for path in sorted(out.rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    sys.stdout.write(f"{digest} {run} {path.relative_to(out)}\n")


if __name__ == "__main__":
    main()
