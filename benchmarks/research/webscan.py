"""Choose the parameters of the degradation `webscan` by nearness to pages that were scanned low, without any OCR.

    python -m benchmarks.research.webscan --native NATIVE --documents DOCUMENTS --out benchmarks/results/webscan.json

NATIVE is the folder of the suite native, DOCUMENTS that of forms and old books (docs/benchmark.md). Book pages that
are in no suite are reduced until their text is as large as that of the native pages, and degraded. A page is described
by distributions of what does not depend on its words (`statistics`). The distance is the mean over these of
Wasserstein's distance between the pages of both kinds, each in units of the native pages' standard deviation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import differential_evolution

from docsr.bench.degradations import WEB, Web, as_on_the_web, clean, scan
from docsr.decide import text_size
from docsr.io.raster.read import read_pages
from docsr.machine import machine
from docsr.page import Pixels, luminance

Numbers: TypeAlias = NDArray[np.float64]

BOOKS = 10
"""Pages that are degraded."""

SIDE = 400
"""px of the square in the middle of a page that is looked at."""

QUANTILES = np.linspace(0.005, 0.995, 100)
"""Of a statistic, by which a page is described: each page counts alike."""

BOUNDS = {
    "blur": (0.2, 1.2),
    "ink": (0.0, 0.4),
    "paper": (0.75, 1.0),
    "noise": (0.0, 0.05),
    "grain": (0.0, 1.2),
    "finer": (1.0, 1.6),
    "first_jpeg": (40, 95),
    "sharpen": (0.0, 2.0),
    "radius": (0.5, 2.0),
    "second_jpeg": (40, 95),
}
"""Parameter -> range that is searched."""

SQUARE, STILL, DARK, NEAR = 8, 0.35, 0.5, 2
"""Side of a square in px; how much darker than paper, of the contrast, paper may be and ink is; px from ink to halo."""


def statistics(grey: Pixels) -> dict[str, Numbers]:
    """What describes a page, as samples.

    Contrast is the difference of paper (the median) and ink (2 % of the pixels are darker).

    Args:
        grey: H x W.

    Returns:
        ``paper``, ``contrast``: of the page, of 1; ``gradient``: its size per px near ink, of the contrast; ``depth``:
        range of values in squares with ink, of the contrast; ``halo``: difference from paper beside ink, of the
        contrast; ``noise``: standard deviation in squares of paper, of 1; ``across``, ``down``: autocorrelation of
        that noise over one px; ``blocks``: difference over the borders of JPEG's blocks over that elsewhere.
    """
    image = np.asarray(grey, np.float64) / 255
    paper = float(np.median(image))
    contrast = max(paper - float(np.quantile(image, 0.02)), 0.05)
    ink = (image < paper - DARK * contrast).astype(np.uint8)
    near = cv2.dilate(ink, np.ones((2 * NEAR + 1,) * 2, np.uint8)) > 0
    slope = np.hypot(cv2.Sobel(image, cv2.CV_64F, 1, 0), cv2.Sobel(image, cv2.CV_64F, 0, 1)) / 8 / contrast
    beside = near & (cv2.dilate(ink, np.ones((3, 3), np.uint8)) == 0)
    squares = _squares(image)
    darkest, lightest = squares.min(axis=(1, 2)), squares.max(axis=(1, 2))
    inked = darkest < paper - DARK * contrast
    flat = squares[darkest > paper - STILL * contrast]
    flat = flat - flat.mean(axis=(1, 2), keepdims=True)
    return {
        "paper": np.array([paper]),
        "contrast": np.array([contrast]),
        "gradient": slope[near],
        "depth": (lightest - darkest)[inked] / contrast,
        "halo": (image[beside] - paper) / contrast,
        "noise": flat.std(axis=(1, 2)),
        "across": _likeness(flat[:, :, :-1], flat[:, :, 1:]),
        "down": _likeness(flat[:, :-1], flat[:, 1:]),
        "blocks": np.array([_blocks(image)]),
    }


def _squares(image: Numbers) -> Numbers:
    rows, columns = (size // SQUARE for size in image.shape)
    cut = image[: rows * SQUARE, : columns * SQUARE].reshape(rows, SQUARE, columns, SQUARE)
    return cut.swapaxes(1, 2).reshape(-1, SQUARE, SQUARE)


def _likeness(one: Numbers, other: Numbers) -> Numbers:
    """Correlation of pairs of pixels in each square that has noise at all; 0 where the page has none."""
    power = np.sqrt((one**2).sum(axis=(1, 2)) * (other**2).sum(axis=(1, 2)))
    noisy = power > 1e-4
    return np.asarray((one * other).sum(axis=(1, 2))[noisy] / power[noisy]) if noisy.any() else np.zeros(1)


def _blocks(image: Numbers) -> float:
    steps = np.abs(np.diff(image, axis=1)).mean(axis=0)
    borders = np.arange(len(steps)) % 8 == 7
    return float(np.log((steps[borders].mean() + 1e-4) / (steps[~borders].mean() + 1e-4)))


def described(grey: Pixels) -> dict[str, Numbers]:
    """Quantiles of each statistic of a page."""
    return {name: np.quantile(found if found.size else 0.0, QUANTILES) for name, found in statistics(grey).items()}


def middle(grey: Pixels) -> Pixels:
    """The square that is looked at; it begins where a block of JPEG does."""
    top, left = (max(0, size - SIDE) // 16 * 8 for size in grey.shape)
    return grey[top : top + SIDE, left : left + SIDE]


def distances(pages: list[dict[str, Numbers]], wanted: list[dict[str, Numbers]]) -> dict[str, float]:
    """Statistic -> Wasserstein's distance between the pooled quantiles of both, in ``wanted``'s standard deviations."""
    found = {}
    for name in wanted[0]:
        one, two = (np.concatenate([page[name] for page in side]) for side in (pages, wanted))
        points = np.linspace(0.0025, 0.9975, 200)
        found[name] = float(np.abs(np.quantile(one, points) - np.quantile(two, points)).mean() / two.std())
    return found


def native_pages(native: Path, documents: Path) -> list[Pixels]:
    """The pages of the suites native and forms, in grey."""
    paths = [*sorted(native.glob("*.jp*g")), *sorted((documents / "img").glob("funsd_*"))]
    return [luminance(next(iter(read_pages(path))).pixels) for path in paths]


def book_pages(documents: Path, x_height: float) -> list[Pixels]:
    """Book pages in no suite, reduced to an x-height in px."""
    listed = (Path(__file__).parents[1] / "suites" / "books.txt").read_text(encoding="utf-8").split()
    paths = [path for path in sorted((documents / "img").glob("oldbook_*")) if path.name not in listed]
    pages = []
    for path in paths[:: len(paths) // BOOKS][:BOOKS]:
        grey = luminance(next(iter(read_pages(path))).pixels)
        size = text_size.measure(grey)
        assert size is not None
        scale = x_height / size.x_height
        shape = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
        pages.append(middle(np.asarray(cv2.resize(grey, shape, interpolation=cv2.INTER_AREA), np.uint8)))
    return pages


def parameters(values: Numbers) -> Web:
    """The parameters of a point of the search, rounded as they are stated."""
    whole = {"first_jpeg", "second_jpeg"}
    named = zip((field.name for field in fields(Web)), map(float, values), strict=True)
    rounded: dict[str, Any] = {name: round(value) if name in whole else round(value, 2) for name, value in named}
    return Web(**rounded)


def mean_distance(found: dict[str, float]) -> float:
    """What is minimised."""
    return float(np.mean(list(found.values())))


def main() -> None:
    """Search, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", type=Path, required=True)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument(
        "--rounds", type=int, default=12, help="generations of the search; 0: only the parameters in use"
    )
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    originals = native_pages(chosen.native, chosen.documents)
    sizes = [size.x_height for size in map(text_size.measure, originals) if size]
    x_height = round(float(np.median(sizes)), 1)
    wanted, books = [described(middle(page)) for page in originals], book_pages(chosen.documents, x_height)

    def measured(way: Callable[[Pixels, int], Pixels]) -> dict[str, float]:
        return distances([described(way(book, seed)) for seed, book in enumerate(books)], wanted)

    def badness(values: Numbers) -> float:
        web = parameters(values)
        return mean_distance(measured(lambda book, seed: as_on_the_web(book, seed, web)))

    web = WEB
    if chosen.rounds:
        found = differential_evolution(
            badness, list(BOUNDS.values()), seed=0, popsize=5, maxiter=chosen.rounds, polish=False, tol=0
        )
        web = parameters(found.x)
    ways: dict[str, Callable[[Pixels, int], Pixels]] = {
        "clean": clean,
        "scan": scan,
        "webscan": lambda book, seed: as_on_the_web(book, seed, web),
    }
    result: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks.research.webscan", *sys.argv[1:]]),
        "machine": machine(),
    }
    result |= {"pages": len(wanted), "books": len(books), "x_height": x_height, "parameters": asdict(web)}
    result["distances"] = {
        name: {"mean": round(mean_distance(part), 3)} | {key: round(value, 3) for key, value in part.items()}
        for name, part in ((name, measured(way)) for name, way in ways.items())
    }
    text = json.dumps(result, indent=1)
    chosen.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
