from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image
from pypdfium2 import PdfDocument

import docsr
from docsr.bench.degradations import lower
from docsr.integrations.scan_pixels import own_pixels
from docsr.io.pdf.scans import open_scans
from docsr.metrics.text import score_text
from docsr.page import Page
from tests.integrations.placed_scans import add_placed
from tests.integrations.scans import Drawn, boxes_of, drawn, images_of, ocrmypdf, scanned, text_of

PLUGIN = ("--plugin", "docsr.integrations.ocrmypdf")
IMPORTS, NETWORKS = ("-X", "importtime"), " docsr.upscalers.onnx\n"
"""How Python is made to name what it imports, and what it imports to load a network."""


@dataclass(frozen=True)
class Runs:
    """A scan of 75 dpi and what came of it."""

    drawn: Drawn
    scan: Path
    without: Path
    enhanced: Path
    said: str
    work: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Two pages, read in two threads with and without docsr, which the entry point and --plugin both name."""
    folder = tmp_path_factory.mktemp("runs")
    page = drawn()
    scan = scanned(folder / "scan.pdf", [page.page, page.page])
    ocrmypdf("--docsr-factor", "off", scan, folder / "without.pdf")
    work = folder / "work"
    work.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(work))
        said = ocrmypdf(*PLUGIN, "--jobs", "2", "-k", "-v", "1", scan, folder / "enhanced.pdf", python=IMPORTS)
    (work,) = work.glob("ocrmypdf.io.*")
    return Runs(page, scan, folder / "without.pdf", folder / "enhanced.pdf", said, work)


def _wer(runs: Runs, pdf: Path) -> float:
    score = score_text(" ".join([*runs.drawn.boxes] * 2), text_of(pdf))
    return score.word_edits / score.reference_words


def _found(runs: Runs, pdf: Path) -> float:
    """The part of the words that is there, in any order."""
    score = score_text(" ".join([*runs.drawn.boxes] * 2), text_of(pdf))
    return score.words_found / score.reference_words


def _sizes(pdf: Path) -> list[tuple[int, int]]:
    with open_scans(pdf) as scans:
        return [(page.width, page.height) for page in (leaf.read() for leaf in scans.leaves)]


def test_the_text_layer_has_fewer_errors_than_without(runs: Runs):
    assert _wer(runs, runs.enhanced) < _wer(runs, runs.without)
    assert _wer(runs, runs.enhanced) <= 0.1


def test_the_visible_images_are_those_of_the_input_bit_by_bit(runs: Runs, tmp_path: Path):
    assert images_of(runs.enhanced, tmp_path / "out") == images_of(runs.scan, tmp_path / "in")


def test_the_text_lies_on_the_words(runs: Runs):
    for number in (1, 2):
        found = boxes_of(runs.enhanced, number)
        on = 0
        for word, (left, top, right, bottom) in runs.drawn.boxes.items():
            if word in found:
                x, y = (found[word][0] + found[word][2]) / 2, (found[word][1] + found[word][3]) / 2
                on += left <= x <= right and top <= y <= bottom
        assert on >= 0.98 * sum(word in found for word in runs.drawn.boxes)
        assert on >= 0.9 * len(runs.drawn.boxes)


def test_what_is_enlarged_are_the_scans_own_pixels(runs: Runs):
    with open_scans(runs.scan) as scans:
        own = [leaf.read().pixels for leaf in scans.leaves]
    for number, pixels in enumerate(own, 1):
        with Image.open(runs.work / f"{number:06d}_ocr.png") as seen:
            assert np.abs(np.asarray(seen).astype(int) - docsr.enhance(pixels, factor=None)).max() <= 1


def test_ocrmypdf_alone_would_have_blurred_them(runs: Runs, tmp_path: Path):
    with open_scans(runs.scan) as scans:
        pixels = scans.leaves[0].read().pixels
    with PdfDocument(runs.scan) as pdf:
        rendered = np.asarray(pdf[0].render(scale=75 / 72, grayscale=True).to_pil())
    rows, columns = pixels.shape
    assert np.abs(rendered[:rows, :columns].astype(int) - pixels).mean() > 2


@pytest.mark.slow
def test_the_page_that_is_shown_can_be_replaced(runs: Runs, tmp_path: Path):
    out = tmp_path / "out.pdf"
    ocrmypdf("--docsr-replace", "--pages", "1", runs.scan, out)
    (before, left), (after, still) = _sizes(runs.scan), _sizes(out)
    assert after[0] >= 2 * before[0]
    assert still == left
    with pikepdf.open(out) as made, pikepdf.open(runs.scan) as given:
        assert list(made.pages[0].mediabox) == list(given.pages[0].mediabox)
    score = score_text(" ".join(runs.drawn.boxes), text_of(out))
    assert score.words_found >= 0.9 * score.reference_words


@pytest.mark.slow
def test_faxes_are_enlarged_from_their_own_raster(tmp_path: Path):
    page, ways = drawn(size=30), [("upright", ""), ("rotate 90", ""), ("matrix 90", "stretched"), ("stencil", "")]
    fax, work = lower(page.page, 204, "standard_fax", 0), tmp_path / "work"
    assert fax.dpi is not None
    work.mkdir()
    with pikepdf.new() as pdf:
        for placing, logo in ways:
            add_placed(pdf, fax.pixels, fax.dpi, placing, logo)
        pdf.save(tmp_path / "fax.pdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(work))
        ocrmypdf(*PLUGIN, "-k", "--docsr-factor", "2", tmp_path / "fax.pdf", tmp_path / "out.pdf")
    want = docsr.Enhancer(factor=2).upscaled(fax)
    pages = text_of(tmp_path / "out.pdf").split("\f")
    for number, words in zip(range(len(ways)), pages, strict=False):
        with Image.open(next(work.glob(f"ocrmypdf.io.*/{number + 1:06d}_ocr.png"))) as seen:
            assert (seen.width, seen.height) == pytest.approx((want.width, want.height), abs=4)
        score = score_text(" ".join(page.boxes), words)
        assert score.words_found >= 0.9 * score.reference_words


@pytest.mark.slow
def test_a_page_with_large_text_costs_nothing(runs: Runs, tmp_path: Path):
    large = scanned(tmp_path / "large.pdf", [drawn("Nothing is too small", size=150).page], dpi=100)
    said = ocrmypdf("-v", "1", large, tmp_path / "out.pdf", python=IMPORTS)
    assert "large enough" in said
    assert "linking to" in said  # OCRmyPDF did not even write the image anew
    assert NETWORKS not in said
    assert NETWORKS in runs.said


@pytest.mark.slow
def test_networks_are_for_measured_scripts(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With English under another language's name: what is enlarged by is decided by the name."""
    (english,) = Path("/usr/share").glob("tesseract-ocr/*/tessdata/eng.traineddata")
    for path in english.parent.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "rus.traineddata").symlink_to(english)
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    said = ocrmypdf("-v", "1", "-l", "eng+rus", "--pages", "1", runs.scan, tmp_path / "out.pdf", python=IMPORTS)
    assert "docsr enlarges with bicubic: no network was measured to help on Latin and Cyrillic" in said
    assert "px enlarged to" in said
    assert NETWORKS not in said


@pytest.mark.parametrize(
    ("languages", "passed", "network"),
    [
        ("eng", ("eng",), True),
        ("srp_latn aze my_own_letters", ("srp_latn", "aze"), True),
        ("my_own_letters", (), True),
        ("deu script/Fraktur", ("deu", "script/Fraktur"), False),
        ("chi_sim", ("chi_sim",), False),
        ("eng ell", ("eng", "ell"), False),
    ],
)
def test_the_languages_are_passed_on(tmp_path: Path, languages: str, passed: tuple[str, ...], network: bool):
    """Data of the user's own have any name; with no other language the page tells its script."""
    from docsr.integrations import ocr_pages

    options = SimpleNamespace(languages=languages.split())
    page: Any = SimpleNamespace(options=options, work_folder=tmp_path, pageno=0)
    assert ocr_pages.languages_of(options) == passed
    image = Image.fromarray(lower(drawn(width=900).page, 75, "scan", 1).pixels)
    image.info["dpi"] = (75.0, 75.0)
    large = ocr_pages.enlarged(page, image)
    bicubic = docsr.enhance(image, factor="auto", model="bicubic")
    assert (np.asarray(large).shape, (np.asarray(large) != np.asarray(bicubic)).any()) == (
        np.asarray(bicubic).shape,
        network,
    )


@pytest.mark.parametrize(
    ("option", "value", "code", "told"),
    [
        ("--docsr-factor", "3", 2, "argument --docsr-factor: invalid choice"),
        ("--docsr-model", "compact_x22", 1, "unknown model 'compact_x22'"),
    ],
)
def test_a_bad_option_is_a_usage_error(runs: Runs, tmp_path: Path, option: str, value: str, code: int, told: str):
    assert told in ocrmypdf(option, value, runs.scan, tmp_path / "out.pdf", code=code)
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_own_pixels_are_turned_as_the_rendering_was(tmp_path: Path, turned: int):
    scan = scanned(tmp_path / "scan.pdf", [drawn().page])
    with open_scans(scan) as scans:
        pixels = scans.leaves[0].read().pixels
    with PdfDocument(scan) as pdf:
        page = pdf[0]
        page.set_rotation(-turned % 360)  # as OCRmyPDF does it
        rendered = page.render(scale=75 / 72, grayscale=True).to_pil()
    rendered.save(tmp_path / "page.png", dpi=(75, 75))
    assert own_pixels(scan, 0, turned, tmp_path / "page.png", always=True)
    own = np.rot90(pixels, turned // 90)
    with Image.open(tmp_path / "page.png") as image:
        assert image.size == rendered.size
        assert (np.asarray(image)[: own.shape[0], : own.shape[1]] == own).all()


def test_a_page_that_shows_more_than_its_scan_stays_as_it_was_rendered(tmp_path: Path):
    page = drawn().page
    scan = scanned(tmp_path / "scan.pdf", [page])
    other = Page(np.where(np.arange(page.height)[:, None] > page.height / 2, 0, page.pixels), page.dpi)
    with PdfDocument(scanned(tmp_path / "other.pdf", [other])) as pdf:
        pdf[0].render(scale=75 / 72, grayscale=True).to_pil().save(tmp_path / "page.png", dpi=(75, 75))
    before = (tmp_path / "page.png").read_bytes()
    assert not own_pixels(scan, 0, 0, tmp_path / "page.png", always=True)
    assert (tmp_path / "page.png").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("--deskew", "--clean", "--rotate-pages", "--output-type", "pdfa"),
        ("--deskew", "--clean", "--rotate-pages", "--output-type", "pdfa-3", "--docsr-replace"),
        ("--force-ocr", "--output-type", "pdf", "--docsr-replace", "--rasterizer", "ghostscript"),
        ("--no-use-threads", "--jobs", "2", "--docsr-factor", "4", "--pdf-renderer", "sandwich"),
        ("--docsr-factor", "2", "--clean-final"),
        ("--oversample", "150", "--redo-ocr"),
    ],
    ids=lambda options: options[0],
)
def test_goes_with_the_other_options(runs: Runs, tmp_path: Path, options: tuple[str, ...]):
    out = tmp_path / "out.pdf"
    ocrmypdf(*PLUGIN, *options, runs.scan, out)
    assert subprocess.run(["qpdf", "--check", str(out)], capture_output=True).returncode == 0
    assert _found(runs, out) >= 0.9
    with pikepdf.open(out) as pdf, pdf.open_metadata() as metadata:
        assert bool(metadata.pdfa_status) == ("--output-type" not in options or "pdf" not in options)
    larger = [after[0] >= 2 * before[0] for before, after in zip(_sizes(runs.scan), _sizes(out), strict=True)]
    assert larger == [("--docsr-replace" in options)] * 2


@pytest.mark.slow
def test_a_page_that_lies_on_its_side_is_turned_and_read(runs: Runs, tmp_path: Path):
    """At this resolution Tesseract does not know the way up without docsr."""
    page = drawn(width=2000, size=40).page
    lying = Page(np.ascontiguousarray(np.rot90(page.pixels)), page.dpi)
    out = tmp_path / "out.pdf"
    scan = scanned(tmp_path / "in.pdf", [lying], dpi=75)
    ocrmypdf("--rotate-pages", "--rotate-pages-threshold", "4", scan, out)
    score = score_text(" ".join(runs.drawn.boxes), text_of(out))
    assert score.words_found >= 0.9 * score.reference_words
