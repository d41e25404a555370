"""The guard: what a network made and the page does not bear out becomes bicubic, and nothing else does."""

from __future__ import annotations

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from PIL import Image

from docsr.bench.degradations import DEGRADATIONS
from docsr.page import Bands, Page, Pixels
from docsr.upscale.guard import LEAST_BOUND, PutBack, bound_of, guarded, in_the_dark, is_one_bit
from docsr.upscale.page import TileCount, upscale_page
from docsr.upscale.tiles import GRID
from docsr.upscalers.catalog import resolve
from docsr.weights import catalogue
from tests.command import docsr
from tests.upscalers.onnx_files import save

HR = 4


def hr(*lines: str, rows: int = 640, columns: int = 960) -> Pixels:
    """Black text of 36 px x-height on white, four times as large as the page."""
    page = np.full((rows, columns), 255, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(page, line, (40, 100 + 130 * number), cv2.FONT_HERSHEY_DUPLEX, 2.6, 0, 5, cv2.LINE_AA)
    return page


def lr(pixels: Pixels, degradation: str = "scan") -> Page:
    small = cv2.resize(pixels, None, fx=1 / HR, fy=1 / HR, interpolation=cv2.INTER_AREA)
    return Page(DEGRADATIONS.find(degradation)(small.astype(np.uint8), 0))


def checked(page: Page, large: Pixels) -> tuple[Pixels, float]:
    share = PutBack()
    return guarded(page, Page(large).in_bands(), share).whole().pixels, share.part


TEXT = hr("the ending of", "a small word", "where it was")


@pytest.mark.parametrize("degradation", ["clean", "scan", "fax"])
def test_the_truth_itself_passes(degradation: str) -> None:
    result, part = checked(lr(TEXT, degradation), TEXT)
    assert part == 0
    assert np.array_equal(result, TEXT)


def test_another_contrast_is_no_invention() -> None:
    faint = Page(np.clip(lr(TEXT, "clean").pixels // 6 + 200, 0, 255).astype(np.uint8))
    assert checked(faint, TEXT)[1] == 0


@pytest.mark.parametrize(
    ("true", "made"),
    [("a small word", "a small ward"), ("a small word", "a smell word"), ("1847", "1841"), ("", "word"), ("word", "")],
    ids=["o-a", "a-e", "7-1", "from nothing", "erased"],
)
@pytest.mark.parametrize("degradation", ["clean", "scan"])
def test_what_is_not_on_the_page_is_put_back(true: str, made: str, degradation: str) -> None:
    truth, wrong = hr("the ending of", true, "where it was"), hr("the ending of", made, "where it was")
    page = lr(truth, degradation)
    result, part = checked(page, wrong)
    assert 0 < part < 0.25
    far = cv2.dilate((truth != wrong).astype(np.uint8), np.ones((2 * 3 * GRID * HR + 1,) * 2, np.uint8)) == 0
    assert np.array_equal(result[far], wrong[far])
    smooth = cv2.resize(page.pixels, None, fx=HR, fy=HR, interpolation=cv2.INTER_CUBIC).astype(float)
    there = truth != wrong
    assert np.abs(result[there] - smooth[there]).mean() < 0.35 * np.abs(wrong[there] - smooth[there]).mean()


@pytest.mark.parametrize("made", ["a small ward", "a smell word", "a small yard"])
def test_a_wrong_letter_of_6_px_is_found(made: str) -> None:
    def small(*lines: str) -> Pixels:
        return np.asarray(cv2.resize(hr(*lines), (640, 424), interpolation=cv2.INTER_AREA), np.uint8)

    page = lr(small("the ending of", "a small word"))
    assert checked(page, small("the ending of", "a small word"))[1] == 0
    assert checked(page, small("the ending of", made))[1] > 0


def test_text_is_no_noise_but_noise_is() -> None:
    text = lr(np.tile(TEXT[40:400, 40:700], (3, 2)), "clean")
    clean, scan, fax = (bound_of(page, is_one_bit(page)) for page in (text, lr(TEXT, "scan"), lr(TEXT, "fax")))
    assert clean == LEAST_BOUND < scan < fax


def test_only_what_is_put_back_is_touched_and_the_band_given_is_not() -> None:
    wrong = hr("the ending of", "a small ward", "where it was")
    given_band = wrong.copy()
    result, _ = checked(lr(hr("the ending of", "a small word", "where it was")), given_band)
    assert np.array_equal(given_band, wrong)
    rows = np.flatnonzero((result != wrong).any(axis=1))
    assert rows[-1] - rows[0] < 36 * 6


@pytest.mark.slow_except("compact_x4-True")
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("model", catalogue())
def test_what_is_dark_stays_dark(model: str, colour: bool) -> None:
    """A scanner's surround beside a small text, and a band of a photograph's shadows in it."""
    small = lr(np.tile(TEXT[40:400, 40:700], (1, 2)), "clean").pixels
    pixels = np.pad(small, ((0, 240), (0, 400)))
    pixels[:, -40:] = 70
    page, upscaler, count = Page(np.stack([pixels] * 3, 2) if colour else pixels), resolve(model, None, 1), TileCount()
    text, dark = np.s_[: -240 * upscaler.factor, : -400 * upscaler.factor], np.s_[:, -386 * upscaler.factor :]
    bare = upscale_page(page, upscaler, guard=False).pixels
    result = upscale_page(page, upscaler, count=count).pixels
    smooth = upscale_page(page, resolve("bicubic", upscaler.factor)).pixels
    assert np.array_equal(result[text], bare[text])
    assert np.abs(bare[dark].astype(int) - smooth[dark]).max() > 20
    assert np.abs(result[dark].astype(int) - smooth[dark]).max() <= colour  # which goes there and back
    assert count.put_back.part < 0.002  # of the page, where networks begin to make it grey


@pytest.mark.parametrize("degradation", ["clean", "scan", "fax"])
def test_black_letters_are_not_in_the_dark_and_white_ones_are(degradation: str) -> None:
    def dark(pixels: Pixels) -> float:
        half = cv2.resize(lr(pixels, degradation).pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return float(in_the_dark(half.astype(np.float32)).mean())

    assert dark(TEXT) == 0
    assert dark(255 - TEXT) > 0.1


@pytest.mark.parametrize(("level", "part"), [(60, 1), (90, 1), (109, 0.5), (128, 0)])
def test_between_dark_and_light_a_part_is_taken_back(level: int, part: float) -> None:
    page = Page(np.full((40, 60), level, np.uint8))
    result, _ = checked(page, np.full((80, 120), 255, np.uint8))
    assert (255 - result.mean()) / (255 - level) == pytest.approx(part, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    colour=st.booleans(),
    darker=st.sampled_from([1, 4]),
    factor=st.sampled_from([2, 4]),
    cuts=st.lists(st.integers(1, 8), max_size=4),
    seed=st.integers(0, 99),
)
def test_it_does_not_matter_how_the_page_is_cut(
    height: int, width: int, colour: bool, darker: int, factor: int, cuts: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    grey = cv2.GaussianBlur(random.integers(0, 256, (height, width), np.uint8), (0, 0), 2)
    page = Page(np.asarray(grey, np.uint8))
    large = cv2.resize(page.pixels, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC)
    large[height // 2 :] = random.integers(0, 256, large[height // 2 :].shape, np.uint8)
    page.pixels[:, width // 3 :] //= darker
    if colour:
        page, large = Page(np.stack([page.pixels] * 3, 2)), np.stack([large] * 3, 2)
    whole, part = checked(page, large.astype(np.uint8))
    edges = sorted({0, *(GRID * cut for cut in cuts if GRID * cut < height), height})
    bands = (large[top * factor : end * factor].astype(np.uint8) for top, end in pairwise(edges))
    share = PutBack()
    cut = guarded(page, Bands(width * factor, height * factor, not colour, bands), share).whole().pixels
    assert np.array_equal(cut, whole)
    assert share.part == pytest.approx(part, abs=1e-4)


def test_the_command_reports_it_and_can_leave_it(tmp_path, capsys, monkeypatch) -> None:
    path = tmp_path / "inventor.onnx"
    scales = numpy_helper.from_array(np.array([1, 1, HR, HR], np.float32), "scales")
    nodes = [  # the mirror image of the page, so that nothing of it is right
        helper.make_node("Resize", ["x", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Slice", ["large", "starts", "ends", "axes", "steps"], ["y"]),
    ]
    numbers = {"starts": -1, "ends": -(2**31), "axes": 3, "steps": -1}
    constants = [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in numbers.items()]
    save(path, nodes, [scales, *constants], ["n", 1, "h", "w"], {})
    Image.fromarray(lr(TEXT, "clean").pixels).save(tmp_path / "a.png")
    wish = ["--model", path, "--tile", 512, "--overwrite", "--report", tmp_path / "r.json", "--out", tmp_path / "out"]
    rows = []
    for more in ([], ["--no-guard"]):
        ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", *wish, *more)
        assert ran.code == 0
        rows.append((json.loads((tmp_path / "r.json").read_text())[0]["put_back"], "put back" in ran.out))
    assert rows[0][0] > 0.1
    assert rows == [(rows[0][0], True), (None, False)]


def test_more_noise_raises_the_bound_only_so_far():
    random = np.random.default_rng(0)
    levels = (0.0, 4.0, 30.0)
    noisy = [Page(np.clip(random.normal(128, level, (300, 300)), 0, 255).astype(np.uint8)) for level in levels]
    assert [bound_of(page, False) for page in noisy] == [14, 17, 17]
