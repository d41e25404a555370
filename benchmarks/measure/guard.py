"""What the guard finds, and what it leaves alone: docs/guard.md, its pictures, and benchmarks/results/guard.json.

    python -m benchmarks.measure.guard --out benchmarks/results/guard.json

Pages of several kinds (guard_pages.py) are drawn, brought down and enlarged by the shipped networks, and by the same
networks while they see what is not there (guard_inventor.py); each result goes through the guard. Letters and words are
taken for others at several x-heights, to see from which on that is found; text of all sizes is enlarged as it is, to
see that it is not touched; and the guard's time is compared with the network's, both as process time in one run.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any, TypeAlias

import cv2
import numpy as np
from PIL import Image

from benchmarks.measure.guard_inventor import KINDS, Inventor, Text, lowered, mistaken, moved, scaled
from benchmarks.measure.guard_pages import ELSEWHERE, PAGES, SCALE, blank, drawn, prose
from benchmarks.measure.speed import DPI, a4_page
from benchmarks.publish.guard_document import DOCUMENT, PICTURES, document
from docsr import __version__
from docsr.bench.degradations import lower
from docsr.bench.results import as_json
from docsr.io.paths.manifest import sha256_of
from docsr.machine import machine
from docsr.page import Page, Pixels
from docsr.upscale.guard import PutBack, guarded
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import resolve
from docsr.weights import catalogue

SEED = 4
SHOWN = "compact_x4"
"""The network of which there are pictures."""
GYRE = "/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyre"
FACES = ("LiberationSerif-Regular.ttf", "DejaVuSans.ttf", f"{GYRE}heros-regular.otf")
MORE_FACES = (
    *("LiberationMono-Regular.ttf", "LiberationSans-Regular.ttf", "LiberationSansNarrow-Bold.ttf"),
    *("DejaVuSerif-Bold.ttf", f"{GYRE}chorus-mediumitalic.otf", f"{GYRE}termes-italic.otf"),
)
WRONG_AT, READ_AT = (4, 5, 6, 7, 9, 12), (3, 4, 5, 6, 7, 8, 9, 10, 12)
"""x-heights in px."""
SCANS, FAXES = ("clean", "scan"), ("standard_fax",)
ORDINARY = (*SCANS, "fax")
"""How pages are made low for networks, and for those of faxes."""
Networks: TypeAlias = dict[str, Upscaler]
ROUNDS = 3
CHANGED, FROM_SMOOTH = 32, 16
"""Levels by which a pixel that was invented differs from what the network would make, and from bicubic."""
CROP, GAP, GREYS = (44, 72), 6, 64


def checked(page: Page, large: Page) -> tuple[Pixels, float]:
    """What the guard makes of a result, and which part it put back."""
    share = PutBack()
    return guarded(page, large.in_bands(), share).whole().pixels, share.part


def rms(one: Pixels, other: Pixels) -> float:
    """Root mean square difference, in levels."""
    return float(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)))


def brought_to(pixels: Pixels, like: Pixels) -> Pixels:
    """Reduced by area."""
    return np.asarray(cv2.resize(pixels, like.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)


class Seen:
    """A page as a network makes it, as the network makes it while it invents, and both after the guard."""

    def __init__(self, text: Text, degradation: str, network: Upscaler) -> None:
        """Do all that."""
        self.lr, sees = (lowered(page, degradation) for page in (text.truth, text.wrong))
        self.boxes = scaled(text.boxes, network.factor)
        self.plain = upscale_page(self.lr, network, guard=False)
        self.wrong = upscale_page(self.lr, Inventor(network, sees, self.boxes), guard=False)
        self.truth = brought_to(text.truth, self.plain.pixels)
        self.mended, self.part = checked(self.lr, self.wrong)

    def found(self) -> Iterator[float]:
        """How much of what was invented was put back, 0 to 1, at each place where there is a difference to be seen."""
        size = self.wrong.pixels.shape[::-1]
        smooth = cv2.resize(self.lr.pixels, size, interpolation=cv2.INTER_CUBIC).astype(int)
        for left, top, right, bottom in self.boxes:
            place = np.s_[max(0, top) : bottom, max(0, left) : right]
            plain, wrong, mended = (
                all_of[place].astype(int) for all_of in (self.plain.pixels, self.wrong.pixels, self.mended)
            )
            far = np.abs(wrong - smooth[place])
            seen = (np.abs(wrong - plain) > CHANGED) & (far > FROM_SMOOTH)
            if seen.any():
                yield float(np.abs(wrong - mended)[seen].sum() / far[seen].sum())


def difference(seen: Seen, large: Page, mended: Pixels, part: float) -> dict[str, Any]:
    """What a table says of one result."""
    return {
        "put_back": part,
        "from_page": rms(brought_to(large.pixels, seen.lr.pixels), seen.lr.pixels),
        "from_page_guarded": rms(brought_to(mended, seen.lr.pixels), seen.lr.pixels),
        "from_truth": rms(large.pixels, seen.truth),
        "from_truth_guarded": rms(mended, seen.truth),
    }


def hard_pages(networks: Networks, ways: Sequence[str]) -> list[dict[str, Any]]:
    """Every page, made low in these ways, by every network; the pictures as well."""
    rows = []
    for name, degradation in product(PAGES, ways):
        text = moved(drawn(name, SEED), ELSEWHERE[name], np.random.default_rng(SEED))
        for label, network in networks.items():
            seen = Seen(text, degradation, network)
            mended, part = checked(seen.lr, seen.plain)
            place = {"page": name, "made_low": degradation, "network": label}
            rows.append({**place, "inventing": False, **difference(seen, seen.plain, mended, part)})
            rows.append({**place, "inventing": True, **difference(seen, seen.wrong, seen.mended, seen.part)})
            rows[-1]["invented_put_back"] = mean(seen.found())
            if degradation == "scan" and label == SHOWN:
                columns = [seen.plain.pixels, mended, seen.wrong.pixels, seen.mended, seen.truth]
                shown = max(seen.boxes, key=lambda box: seen.truth[box[1] : box[3], box[0] : box[2]].std())
                write(name, [cut(seen, columns, shown)])
    return rows


def mistakes(networks: Networks, ways: Sequence[str]) -> list[dict[str, Any]]:
    """How much of each kind of mistake is found at each x-height; the picture of some."""
    rows, crops = [], []
    for degradation, kind, x_height in product(ways, KINDS, WRONG_AT):
        found = list[float]()
        for face, (label, network) in product(FACES, networks.items()):
            seen = Seen(mistaken(kind, face, x_height, np.random.default_rng(10 * x_height)), degradation, network)
            found += seen.found()
            shown = kind == KINDS[1] and degradation == "scan" and face == FACES[0] and x_height in (4, 5, 7, 9)
            if shown and label == SHOWN:
                crops.append(cut(seen, [seen.plain.pixels, seen.wrong.pixels, seen.mended, seen.truth], seen.boxes[1]))
        half = mean(part > 0.5 for part in found)
        place = {"kind": kind, "made_low": degradation, "x_height": x_height, "places": len(found)}
        rows.append({**place, "found": half, "put_back": mean(found)})
    if crops:
        write("letters", crops)
    return rows


def ordinary(networks: Networks, ways: Sequence[str]) -> list[dict[str, Any]]:
    """Text that nothing was done to: what is put back of it."""
    found = defaultdict[tuple[str, str], list[float]](list)
    for face, x_height in product((*FACES, *MORE_FACES), READ_AT):
        page = blank()
        prose(page, x_height=SCALE * x_height, name=face)
        for degradation, (label, network) in product(ways, networks.items()):
            lr = lowered(page, degradation, x_height)
            found[degradation, label].append(checked(lr, upscale_page(lr, network, guard=False))[1])
    return [
        {
            "made_low": degradation,
            "network": label,
            "pages": len(parts),
            "touched": sum(part > 0 for part in parts),
            "most_put_back": max(parts),
        }
        for (degradation, label), parts in sorted(found.items())
    ]


def times(networks: Networks) -> list[dict[str, Any]]:
    """Seconds of processor time for an A4 page of 75 dpi: the network, the guard, and one that puts everything back."""
    page, rows = lower(a4_page(), DPI, "scan", 0), []
    for label, network in networks.items():
        seconds = defaultdict[str, list[float]](list)
        for _ in range(ROUNDS):
            started = process_time()
            large = upscale_page(page, network, guard=False)
            made = process_time()
            checked(page, large)
            looked = process_time()
            checked(page, Page(255 - large.pixels))
            seconds["network_seconds"].append(made - started)
            seconds["guard"].append(looked - made)
            seconds["guard_all"].append(process_time() - looked)
        rows.append({"network": label, **{name: median(all_of) for name, all_of in seconds.items()}})
    return rows


def cut(seen: Seen, columns: list[Pixels], box: tuple[int, int, int, int]) -> Pixels:
    """Crops side by side, the page first, with the box in their middle."""
    middle = (box[1] + box[3]) // 2 // SCALE, (box[0] + box[2]) // 2 // SCALE
    y, x = (
        min(max(0, at - size // 2), room - size)
        for at, size, room in zip(middle, CROP, seen.lr.pixels.shape, strict=True)
    )
    small = np.kron(seen.lr.pixels[y : y + CROP[0], x : x + CROP[1]], np.ones((SCALE, SCALE), np.uint8))
    large = np.s_[SCALE * y : SCALE * (y + CROP[0]), SCALE * x : SCALE * (x + CROP[1])]
    cells = [small, *(one[large] for one in columns)]
    return np.concatenate([np.pad(cell, GAP, constant_values=255) for cell in cells], axis=1)


def write(name: str, rows: list[Pixels]) -> None:
    """Crops below each other, in few greys."""
    greys = np.rint(np.concatenate(rows) / (255 / (GREYS - 1))).astype(np.uint8)
    grey = np.rint(greys * (255 / (GREYS - 1))).astype(np.uint8)
    Image.fromarray(grey).save(PICTURES / f"{name}.png", optimize=True)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    options = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    networks = {name: resolve(name, None, 1, "cpu") for name in sorted(catalogue())}
    faxed = {name: network for name, network in networks.items() if catalogue()[name].fax}
    plain = {name: network for name, network in networks.items() if name not in faxed}
    told = {
        "docsr": __version__,
        "command": shlex.join(["python", "-m", "benchmarks.measure.guard", *sys.argv[1:]]),
        "machine": machine(),
        "networks": {name: sha256_of(catalogue()[name].path) for name in networks},
        "seed": SEED,
        "pages": hard_pages(plain, SCANS) + hard_pages(faxed, FAXES),
        "mistakes": mistakes(plain, SCANS) + mistakes(faxed, FAXES),
        "ordinary": ordinary(plain, ORDINARY) + ordinary(faxed, FAXES),
        "times": times(networks),
    }
    options.out.write_text(as_json(told), encoding="utf-8")
    DOCUMENT.write_text(document(told), encoding="utf-8")


if __name__ == "__main__":
    main()
