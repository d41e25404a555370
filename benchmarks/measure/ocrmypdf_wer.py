"""What docsr's plugin does to the text layers of OCRmyPDF, and how long it takes.

    python -m benchmarks.measure.ocrmypdf_wer DOCUMENTS --out benchmarks/results/ocrmypdf.json [--pages N] [--native N]
    python -m benchmarks.measure.ocrmypdf_wer DOCUMENTS --out benchmarks/results/ocrmypdf_fax.json --faxes

DOCUMENTS has img/ and gt/NAME.txt. Pages that --hr names, of books not trained on (300 dpi where they do not say), are
brought to 75 and 60 dpi as by a mediocre scanner, those of --low are taken as they are, and each becomes a PDF file of
one scan. With --faxes both kinds of pages are faxed instead, standard (204 x 98 dpi) and fine (204 x 196).
`ocrmypdf` reads each without docsr, without docsr at `--oversample 300`, with docsr, and without docsr what
`docsr enhance` made of the PDF. The text is pdftotext's. WER is pooled over pages; so are the words missed, in any
order, which for forms says more: their true text has another order than a reader's. Seconds are those of the command
`ocrmypdf`, with one job.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from docsr.bench.degradations import lower
from docsr.bench.report.wording import how
from docsr.bench.results import as_json
from docsr.io.pdf.scans import write_scans
from docsr.io.raster.read import read_pages
from docsr.machine import machine
from docsr.metrics.text import score_text
from docsr.page import Page

ENHANCED = "docsr enhance first"
ARMS = {
    "without": ["--docsr-factor", "off"],
    "oversample 300": ["--docsr-factor", "off", "--oversample", "300"],
    "docsr": [],
    ENHANCED: ["--docsr-factor", "off"],
}
LOWERED = ((75, "scan"), (60, "scan"))
FAXED = ((204, "standard_fax"), (204, "fine_fax"))
"""dpi and degradation of what is made of a page."""
HR_DPI, LOW_DPI = 300.0, 91.0
"""dpi of files that do not say theirs; forms of 1000 rows are 11 inches high."""


def chosen(folder: Path, paths: Iterable[Path], most: int) -> list[Path]:
    """Images with a text, evenly from those given."""
    found = [path for path in sorted(paths) if (folder / "gt" / f"{path.stem}.txt").exists()]
    step = max(1.0, len(found) / most) if most else 1.0
    return [found[int(at * step)] for at in range(min(most, len(found)))]


def with_dpi(path: Path, otherwise: float) -> Page:
    """The first page of a file."""
    page = next(iter(read_pages(path)))
    return page if page.dpi is not None else replace(page, dpi=(otherwise, otherwise))


def documents(options: argparse.Namespace) -> Iterator[tuple[str, Path, Page]]:
    """Kind, file and page of each document; kinds by turns, so that a run that is cut off has some of each."""
    images = options.documents / "img"
    named = [images / name for name in options.hr.read_text(encoding="utf-8").split()]
    high = chosen(options.documents, named, options.pages)
    low = chosen(options.documents, images.glob(options.low), options.native)
    for at in range(max(len(high), len(low))):
        for path in high[at : at + 1]:
            for dpi, degradation in FAXED if options.faxes else LOWERED:
                yield how(dpi, degradation), path, lower(with_dpi(path, HR_DPI), dpi, degradation, at)
        for path in low[at : at + 1]:
            page = with_dpi(path, LOW_DPI)
            for dpi, degradation in FAXED if options.faxes else ():
                yield f"forms, {how(dpi, degradation)}", path, lower(page, dpi, degradation, at)
            if not options.faxes:
                yield "as it is", path, page


def run_once(module: str, arguments: list[str]) -> float:
    """Seconds of a command."""
    started = perf_counter()
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: {done.stderr}")
    return perf_counter() - started


def row(arm: str, kind: str, path: Path, true: str, folder: Path) -> dict[str, Any]:
    """One arm on one document."""
    given, out = folder / "in.pdf", folder / "out.pdf"
    if arm == ENHANCED:
        run_once("docsr", ["enhance", str(given), "--out", str(folder / "enhanced"), "--overwrite"])
        given = folder / "enhanced" / given.name
    seconds = run_once("ocrmypdf", ["--jobs", "1", *ARMS[arm], str(given), str(out)])
    text = subprocess.run(["pdftotext", str(out), "-"], capture_output=True, text=True, check=True).stdout
    score = score_text(true, text)
    return {
        "arm": arm,
        "kind": kind,
        "page": path.stem,
        "word_edits": score.word_edits,
        "words": score.reference_words,
        "missed": score.reference_words - score.words_found,
        "seconds": round(seconds, 2),
    }


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each kind and arm."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in rows:
        groups[one["kind"], one["arm"]].append(one)
    return [
        {
            "kind": kind,
            "arm": arm,
            "pages": len(of),
            "wer_percent": round(100 * sum(one["word_edits"] for one in of) / sum(one["words"] for one in of), 1),
            "missed_percent": round(100 * sum(one["missed"] for one in of) / sum(one["words"] for one in of), 1),
            "seconds_mean": round(mean(one["seconds"] for one in of), 1),
            "seconds_median": round(median(one["seconds"] for one in of), 1),
        }
        for (kind, arm), of in sorted(groups.items())
    ]


def programs() -> dict[str, str]:
    """Versions of what the figures depend on."""
    tesseract = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True).stdout
    packages = {name: version(name) for name in ("docsr", "ocrmypdf", "onnxruntime", "pikepdf", "pypdfium2")}
    return {
        **packages,
        "tesseract": tesseract.split()[1],
        "command": shlex.join(["python", "-m", "benchmarks.measure.ocrmypdf_wer", *sys.argv[1:]]),
    }


def main() -> None:
    """Measure, and write what is known after each document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    listed = Path(__file__).parents[1] / "suites" / "books.txt"
    parser.add_argument("--hr", type=Path, default=listed, help="a file that names those of img/ to bring down")
    parser.add_argument("--low", default="funsd_*", help="which of img/ to take as they are")
    parser.add_argument("--faxes", action="store_true", help="fax both kinds of pages")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--native", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=120, help="begin no document after so long")
    options = parser.parse_args()
    started, rows = perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="docsr-ocrmypdf-") as name:
        for kind, path, page in documents(options):
            if perf_counter() - started > 60 * options.minutes:
                break
            write_scans([page], Path(name) / "in.pdf")
            true = (options.documents / "gt" / f"{path.stem}.txt").read_text(encoding="utf-8")
            rows += [row(arm, kind, path, true, Path(name)) for arm in ARMS]
            told = {**programs(), "machine": machine(), "load": os.getloadavg()[0]}
            options.out.write_text(as_json({**told, "summary": summary(rows), "rows": rows}), encoding="utf-8")
    for line in summary(rows):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
