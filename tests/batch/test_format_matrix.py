"""Every kind of input to every kind of output, through the command, looked at with other decoders than docsr's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from docsr.page import Pixels
from tests.command import Ran, ran
from tests.formats import handmade, jpeg_2000, kinds, pdfs, tiffs
from tests.formats.decoded import Decoded, decoded
from tests.formats.drawn import BITS, GREY, RGB
from tests.formats.kinds import Kind

KINDS = {
    kind.name: kind
    for module in (kinds, tiffs, jpeg_2000, pdfs, handmade)
    for listed in vars(module).values()
    if isinstance(listed, tuple)
    for kind in listed
    if isinstance(kind, Kind)
}

FORMS = {
    "png": (".png",),
    "tiff": (".tif", ".tiff"),
    "jpg": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "webp": (".webp",),
    "pdf": (".pdf",),
    "bmp": (".bmp", ".dib"),
}
"""Format that is written -> the suffixes that it may have: the input's if it is one of them, else the first."""

OUTPUTS = tuple(
    pytest.param(output, marks=[] if output == "same" else pytest.mark.slow, id=output)
    for output in ("same", "png", "tiff", "jpg", "webp", "pdf")
)
MANY_PAGES = {"tiff", "pdf"}

AS_IT_IS = "as it is"
WAYS = {"enlarged": ("--model", "nearest", "--factor", "2"), AS_IT_IS: ("--model", "none")}

LOSSES = {"jpg": 2.0, "webp": 2.5, "pdf": 2.0}
"""Format -> the mean difference, in levels, that coding may make."""

ROUNDED = {"png": 0.02, "bmp": 0.02, "jpg": 0.51, "webp": 0.01, "pdf": 0.05}
"""Format -> how much, in dpi, its own numbers for a resolution are off."""

UNKNOWN_IN_PDF = pytest.approx((300, 300), abs=0.05)
"""A page of a PDF has a size: that of its pixels at this resolution where the input says none."""


@dataclass
class Matrix:
    """A folder with every kind of input, and what each run of the command made of it."""

    folder: Path
    runs: dict[tuple[str, str], Ran] = field(default_factory=dict)
    read: dict[Path, list[Decoded]] = field(default_factory=dict)

    def run(self, output: str, way: str) -> Ran:
        if (output, way) not in self.runs:
            out = self.out(output, way)
            words = ("--format", output, "--out", out, "--report", out.with_suffix(".json"), "--keep-pixel-shape")
            with pytest.MonkeyPatch.context() as patched:  # a thousand small files: the disk is not waited for
                patched.setattr(os, "fsync", lambda descriptor: None)
                self.runs[output, way] = ran("enhance", self.folder / "in", *words, *WAYS[way])
        return self.runs[output, way]

    def out(self, output: str, way: str) -> Path:
        return self.folder / f"{output} {way}"

    def made(self, kind: Kind, output: str, way: str) -> Path:
        self.run(output, way)
        return self.out(output, way) / f"{kind.stem}{suffix_of(kind, output)}"

    def shown(self, kind: Kind, output: str, way: str) -> list[Decoded]:
        path = self.made(kind, output, way)
        if path not in self.read:
            self.read[path] = decoded(path)
        return self.read[path]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "in").mkdir()
    for kind in KINDS.values():
        kind.make(folder / "in" / kind.name)
    return Matrix(folder)


def form_of(kind: Kind, output: str) -> str:
    own = Path(kind.name).suffix.lower()
    return output if output != "same" else next((form for form, known in FORMS.items() if own in known), "png")


def suffix_of(kind: Kind, output: str) -> str:
    own, known = Path(kind.name).suffix, FORMS[form_of(kind, output)]
    return own if own.lower() in known else known[0]


def fits(kind: Kind, output: str) -> bool:
    return len(kind.pages) == 1 or form_of(kind, output) in MANY_PAGES


def is_copied(kind: Kind, output: str, way: str) -> bool:
    return way == AS_IT_IS and Path(kind.name).suffix == suffix_of(kind, output)


def of_one_colour(pixels: Pixels) -> Any:
    """Where the colour around a pixel does not change, so that it is the same however colour is interpolated."""
    if pixels.ndim == 2:
        return np.ones(pixels.shape, bool)
    colour = pixels[..., :2].astype(np.int16) - pixels[..., 1:].astype(np.int16)
    around = np.ones((9, 9), np.uint8)
    return (cv2.dilate(colour, around) == cv2.erode(colour, around)).all(axis=2)


CELLS = [
    pytest.param(kind, output, id=f"{name} to {output}", marks=parameter.marks)
    for name, kind in KINDS.items()
    for parameter in OUTPUTS
    for output in parameter.values
    if fits(kind, str(output))
]


def made(matrix: Matrix, kind: Kind, output: str) -> Iterator[tuple[str, list[Decoded]]]:
    """What an input became, both ways; not what is a copy of it."""
    for way in WAYS:
        if not is_copied(kind, output, way):
            yield way, matrix.shown(kind, output, way)


@pytest.mark.parametrize(("kind", "output"), CELLS)
def test_pixels_are_right_and_upright(matrix: Matrix, kind: Kind, output: str):
    form = form_of(kind, output)
    for way, pages in made(matrix, kind, output):
        assert len(pages) == len(kind.pages)
        for page, drawn in zip(pages, kind.pages, strict=True):
            assert page.form == form
            expected = drawn if way == AS_IT_IS else drawn.repeat(2, axis=0).repeat(2, axis=1)
            if form == "webp" and drawn.ndim == 2:  # it has no grey
                expected = np.dstack([expected] * 3)
            assert page.pixels.shape == expected.shape
            differences = np.abs(page.pixels.astype(int) - expected)
            where = np.ones(expected.shape[:2], bool) if way == AS_IT_IS else of_one_colour(expected)
            loss = kind.loss + (0.0 if page.bits == 1 else LOSSES.get(form, 0.0))
            assert where.mean() > 0.25
            assert differences[where].mean() <= loss
            assert differences.mean() <= loss + 1.5


@pytest.mark.parametrize(("kind", "output"), CELLS)
def test_dpi_profile_and_bits_are_said_rightly(matrix: Matrix, kind: Kind, output: str):
    form, told = form_of(kind, output), kind.dpi
    for way, (first, *others) in made(matrix, kind, output):
        factor = 1 if way == AS_IT_IS else 2
        if told is not None:
            assert first.dpi == pytest.approx([dots * factor for dots in told], abs=ROUNDED.get(form, 1e-6))
        else:
            assert first.dpi == (UNKNOWN_IN_PDF if form == "pdf" else None)
        unfit = form == "bmp" or (form == "webp" and kind.pages[0].ndim == 2)
        assert first.icc == (None if unfit else kind.icc)
        assert [page.icc for page in others] == [None] * len(others)
        if not others:
            two_valued = form == "pdf" and kind.pages[0].ndim == 2 and bool(np.isin(kind.pages[0], (0, 255)).all())
            stays = kind.bilevel and way == AS_IT_IS and form in {"png", "tiff"}
            assert first.bits == (1 if two_valued or stays else 8)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_what_does_not_fit_is_one_sentence_and_the_rest_is_done(matrix: Matrix, output: str, way: str):
    done = matrix.run(output, way)
    refused = sorted(
        kind.name for kind in KINDS.values() if not fits(kind, output) and not is_copied(kind, output, way)
    )
    assert done.code == (1 if refused else 0)
    failures = [line for line in done.err.splitlines() if ": " in line and "pages and" in line]
    for name, failure in zip(refused, failures, strict=True):
        pages = len(KINDS[name].pages)
        assert failure.endswith(f"{name} has {pages} pages and {output} holds one: use --format tiff or pdf")
    made = {path.name for path in matrix.out(output, way).glob("[!.]*") if not path.name.startswith("docsr-")}
    assert made == {f"{kind.stem}{suffix_of(kind, output)}" for kind in KINDS.values() if kind.name not in refused}
    rows = json.loads(matrix.out(output, way).with_suffix(".json").read_text())
    assert {Path(row["input"]).name for row in rows if row["error"]} == set(refused)
    assert not [row["warning"] for row in rows if row["warning"]]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_pdf_that_is_written_is_a_sound_one(matrix: Matrix, way: str):
    matrix.run("pdf", way)
    paths = sorted(matrix.out("pdf", way).glob("*.pdf"))
    assert len(paths) == len(KINDS)
    for path in paths:
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_right_already_is_copied(matrix: Matrix, output: str):
    for kind in KINDS.values():
        if is_copied(kind, output, AS_IT_IS):
            copy = matrix.made(kind, output, AS_IT_IS)
            assert copy.read_bytes() == (matrix.folder / "in" / kind.name).read_bytes()


def test_what_is_allowed_for_loss_hides_no_mistake():
    """One pixel aside, mirrored, inverted, or channels exchanged: all are beyond what is let pass."""
    for drawn in (GREY, RGB, BITS):
        losses = [kind.loss for kind in KINDS.values() if any(page is drawn for page in kind.pages)]
        most = max(losses) + max(LOSSES.values())
        for wrong in (np.roll(drawn, 1, axis=0), np.roll(drawn, 1, axis=1), drawn[::-1], drawn[:, ::-1], 255 - drawn):
            assert np.abs(wrong.astype(int) - drawn).mean() > most
    assert np.abs(RGB[..., ::-1].astype(int) - RGB).mean() > most
