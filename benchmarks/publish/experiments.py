"""The tables of docs/experiments.md, from the committed results of every recipe (see everything.py).

benchmarks/recipes/results holds trained.json (benchmarks/research/train_recipes.py), typeset and forms (`docsr
benchmark`), text_size.json (benchmarks/measure/text_size.py) and training_speed.json
(benchmarks/research/training_speed.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks.publish.committed import alone
from benchmarks.publish.result_tables import PERHAPS, SIGNS
from benchmarks.publish.tables import filled, has_place, table
from docsr.bench.arms import HR
from docsr.bench.summary import FEWEST_PAGES
from docsr.metrics.chance import beyond_chance

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "recipes" / "results"
DOCUMENT = ROOT / "docs" / "experiments.md"

INTERPOLATION = ("bicubic_x2", "bicubic_x4")
RECIPES = {
    "srgan_r0": "R0, SRGAN",
    "srgan_r3": "R3, SRGAN by factor",
    "rrdb_gan": "R2, RRDB and GAN",
    "edsr": "R2, EDSR",
    "edsr_gan": "R2, EDSR and GAN",
    "mdsr": "R2, MDSR",
    "lsgan_r4": "R4, least-squares GAN",
    "compact_budget": "compact",
}
"""Rows of the first table, in this order."""

CLAIMS = {
    "ink": ("srgan_r3_x2", "lapsrn_x2", "srgan_r3_x4", "lapsrn_x4"),
    "twice": ("srgan_l1_x4", "srgan_l1_twice_x4", "srgan_l1_x2"),
    "losses": (
        "srgan_l1_x2",
        "srgan_l2_x2",
        "srgan_perceptual_x2",
        "srgan_l1_x4",
    ),
}
"""Table of a claim -> the arms that it compares."""


@cache
def read(name: str) -> dict[str, Any]:
    """A committed file of results."""
    found: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return found


def cell(suite: str, engine: str, arm: str) -> dict[str, Any] | None:
    """What was measured of one arm, if it was."""
    cells = read(f"{suite}/results.json")["summary"]
    return next((cell for cell in cells if (cell["engine"], cell["arm"]) == (engine, arm)), None)


def error(suite: str, engine: str, arm: str) -> str:
    """In percent, with the mark of a difference to bicubic."""
    found = cell(suite, engine, arm)
    if found is None:
        return ""
    return f"{100 * found['error']['value']:.1f}" + (SIGNS[signs()[suite, engine, arm]] or PERHAPS[alone(found)])


@cache
def signs() -> dict[tuple[str, str, str], int]:
    """(suite, engine, arm) -> 1 or -1 where it differs from bicubic beyond chance among all that the page compares."""
    cells = {
        (suite, one["engine"], one["arm"]): one
        for suite in ("typeset", "forms")
        for one in read(f"{suite}/results.json")["summary"]
    }
    compared = {
        place: (one["gain"]["value"], one["p_value"])
        for place, one in cells.items()
        if one["arm"] != one["baseline"] and one["pages"] >= FEWEST_PAGES
    }
    return dict.fromkeys(cells, 0) | beyond_chance(compared)


def scores(arm: str) -> list[str]:
    """The columns that all tables share."""
    seen = cell("typeset", "tesseract", arm)
    if seen is None:
        raise SystemExit(f"{arm} was not measured: make experiments")
    errors = [error(suite, engine, arm) for suite in ("typeset", "forms") for engine in ("tesseract", "rapidocr")]
    errors.insert(2, f"{100 * seen['digit_cer']:.1f}")
    looks = [("psnr", 2), ("ssim", 3), ("ink_ratio", 2)]
    return [*errors, *("" if seen[name] is None else f"{seen[name]:.{places}f}" for name, places in looks)]


SCORES = [
    "CER, Tesseract",
    "CER, RapidOCR",
    "digits wrong",
    "forms, Tesseract",
    "forms, RapidOCR",
    "PSNR",
    "SSIM",
    "ink",
]


def seconds(arm: str) -> str:
    """Of enlarging a typeset page."""
    seen = cell("typeset", "tesseract", arm)
    return "" if seen is None else f"{seen['seconds_upscale']:.1f}"


def recipes() -> str:
    """Every recipe at 2x and 4x."""
    rows = [[arm, "", "", *scores(arm), ""] for arm in ("none", *INTERPOLATION)]
    for factor in (2, 4):
        for row, title in RECIPES.items():
            arm = f"{row}_x{factor}"
            parameters = f"{read('trained.json')[arm]['parameters']:,}"
            rows.append([title, f"{factor}x", parameters, *scores(arm), seconds(arm)])
    rows.append(["original scan", "", "", *scores(HR), ""])
    return table(["network", "factor", "parameters", *SCORES, "seconds a page"], rows)


def claim(name: str) -> str:
    """The arms of one claim."""
    return table(["arm", *SCORES], [[arm, *scores(arm)] for arm in CLAIMS[name]])


def text_size() -> str:
    """CER and PSNR at each x-height."""
    rows = read("text_size.json")["rows"]
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    found = {(row["x_height"], row["arm"]): row for row in rows}
    lines = []
    for size in dict.fromkeys(row["x_height"] for row in rows):
        pairs = [found[size, arm] for arm in arms]
        lines.append([f"{size:g}", *(f"{100 * pair['cer']:.1f}; {pair['psnr']:.1f}" for pair in pairs)])
    return table(["x-height, px", *arms], lines)


def training_speed() -> str:
    """Seconds a step and the share of them spent waiting."""
    rows = [
        [
            one["config"],
            f"{one['batch']} of {one['lr_patch']} x {one['lr_patch']}",
            f"{one['seconds_step']:.3f}",
            f"{100 * one['waiting_share']:.1f} % (at most {100 * one['waiting_share_high']:.1f} %)",
        ]
        for one in read("training_speed.json")["networks"]
    ]
    return table(["configuration, pixel loss alone", "LR patches a step", "seconds a step", "waiting"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "recipes": recipes,
    "text size": text_size,
    "training speed": training_speed,
    **{name: partial(claim, name) for name in CLAIMS},
}
"""Name of a table -> what makes it."""


def document() -> str:
    """The document with its tables: those that it has a place for."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, make in TABLES.items():
        if has_place(text, name):
            text = filled(text, name, make())
    return text
