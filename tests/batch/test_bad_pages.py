"""docsr enhance: one bad page costs that page, is told, and the others are done; one image on many pages is one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
import tifffile
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageSequence

from docsr.errors import UsageError
from docsr.io.pdf.scans import open_scans
from docsr.upscale.page import upscale_bands
from tests.bad_pages import DAMAGED, GOOD, UNSUPPORTED, clear, document
from tests.command import docsr
from tests.io.pdf.files import (
    FILLING,
    HEIGHT,
    WIDTH,
    add_page,
    difference,
    shown,
)

WISH = ("--factor", 2, "--model", "bicubic")
LARGE = [2 * WIDTH, 2 * HEIGHT]


@pytest.fixture
def enhance(tmp_path: Path, capsys: Any, monkeypatch: Any) -> Callable[..., tuple[int, str, list[dict[str, Any]]]]:
    """Runs ``docsr enhance`` into ``out``: exit code, what stderr has, and rows of the report."""

    def run(path: Path, *more: Any) -> tuple[int, str, list[dict[str, Any]]]:
        report = tmp_path / "rows.json"
        ran = docsr(capsys, monkeypatch, "enhance", path, "--out", tmp_path / "out", "--report", report, *more)
        return ran.code, ran.err, json.loads(report.read_text())

    return run


def statuses(rows: list[dict[str, Any]]) -> list[str]:
    return [row["status"] for row in rows]


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_page_of_a_pdf_stays_as_it_was_and_is_told(tmp_path, enhance, name):
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], DAMAGED[name], GOOD["fax"])
    code, err, rows = enhance(path, *WISH)
    assert (code, statuses(rows)) == (1, ["done", "failed", "done"])
    assert err.startswith(f"docsr: failed: {path}, page 2, could not be read: ")
    assert err.endswith("; it is in the output as it was\n")
    assert [row["size_out"] for row in rows] == [LARGE, None, LARGE]
    assert {row["bytes_out"] for row in rows} == {(tmp_path / "out" / "a.pdf").stat().st_size}
    for number in range(3):
        assert difference(shown(tmp_path / "out" / "a.pdf", number), shown(path, number)) <= 3
    with pikepdf.open(path) as before, pikepdf.open(tmp_path / "out" / "a.pdf") as after:
        old, new = (pdf.pages[1].Resources.XObject.Im0.read_raw_bytes() for pdf in (before, after))
        assert old == new or name == "cut samples"  # which are compressed when they are saved


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_a_page_that_is_not_supported_is_left_and_named(tmp_path, enhance, name):
    path = document(tmp_path / "a.pdf", UNSUPPORTED[name], GOOD["jpeg"])
    code, err, rows = enhance(path, *WISH)
    assert (code, err, statuses(rows)) == (0, "", ["copied", "done"])
    assert "transparency" in rows[0]["why"] or "unknown filter Unheard" in rows[0]["why"]
    with open_scans(tmp_path / "out" / "a.pdf") as scans:
        assert scans.leaves[1].read().width == 2 * WIDTH


def test_pages_that_are_bad_in_several_ways_cost_no_other(tmp_path, enhance):
    makers = [*UNSUPPORTED.values(), GOOD["fax"], *DAMAGED.values(), GOOD["jpeg"]]
    path = document(tmp_path / "a.pdf", *makers)
    code, err, rows = enhance(path, *WISH)
    assert code == 1
    assert statuses(rows) == ["copied"] * 3 + ["done"] + ["failed"] * len(DAMAGED) + ["done"]
    assert len(err.splitlines()) == len(DAMAGED)
    assert all(f"page {4 + number}," in line for number, line in enumerate(err.splitlines(), 1))


def test_a_damaged_page_of_a_pdf_becomes_pixels_as_a_viewer_shows_it(tmp_path, enhance):
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], DAMAGED["cut samples"], clear)
    code, err, rows = enhance(path, *WISH, "--format", "tiff")
    assert (code, statuses(rows)) == (1, ["done", "failed", "done"])
    assert "page 2, could not be read: its image is damaged (a part of it is missing); it is in the output" in err
    with Image.open(tmp_path / "out" / "a.tif") as made:
        frames = [np.asarray(frame.convert("RGB").resize((WIDTH, HEIGHT))) for frame in ImageSequence.Iterator(made)]
    assert len(frames) == 3
    for number, frame in enumerate(frames):
        assert difference(frame, shown(path, number)) <= 3


def tiff(path: Path, *good: bool) -> Path:
    """Pages of grey, the strips of the bad ones cut off by the end of the file, or not there."""
    with tifffile.TiffWriter(path) as writer:
        for number, sound in enumerate(good):
            values = np.full((47, 37 + number), 200, np.uint8) if sound else np.full((47, 37), 10**6, np.int32)
            writer.write(values, photometric="minisblack", resolution=(100, 100))
    return path


@pytest.mark.parametrize("form", ["same", "tiff", "pdf"])
@pytest.mark.parametrize("good", [(True, False, True), (False, True, True), (True, True, False)], ids=str)
def test_a_damaged_page_of_a_tiff_is_left_out_and_told(tmp_path, enhance, good, form):
    code, err, rows = enhance(tiff(tmp_path / "a.tif", *good), *WISH, "--format", form)
    assert code == 1
    assert statuses(rows) == ["done" if sound else "failed" for sound in good]
    assert f"page {good.index(False) + 1}, could not be read: " in err
    assert err.endswith("; it is left out\n")
    wanted = [2 * (37 + number) for number, sound in enumerate(good) if sound]
    if form == "pdf":
        with open_scans(tmp_path / "out" / "a.pdf") as scans:
            assert [leaf.read().width for leaf in scans.leaves] == wanted
    else:
        with Image.open(tmp_path / "out" / "a.tif") as made:
            assert [frame.size[0] for frame in ImageSequence.Iterator(made)] == wanted


@pytest.mark.slow_but_one_in(2)
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "group4"])
def test_of_a_tiff_that_ends_early_the_pages_before_are_done(tmp_path, enhance, compression):
    first, *others = (Image.effect_noise((200, 300), 60 + number) for number in range(4))
    if compression == "group4":
        first, *others = (image.convert("1") for image in (first, *others))
    first.save(tmp_path / "a.tif", save_all=True, append_images=others, compression=compression)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) * 6 // 10])
    code, err, rows = enhance(tmp_path / "a.tif", *WISH)
    assert (code, statuses(rows)[:3]) == (1, ["done", "done", "failed"])
    assert "page 3, could not be read: it is damaged" in err
    with Image.open(tmp_path / "out" / "a.tif") as made:
        assert [frame.size for frame in ImageSequence.Iterator(made)] == [(400, 600)] * 2


@pytest.mark.parametrize("kind", ["pdf", "tiff"])
def test_a_file_of_which_no_page_can_be_read_is_not_written(tmp_path, enhance, kind):
    if kind == "pdf":
        path = document(tmp_path / "a.pdf", DAMAGED["no jpeg"], DAMAGED["cut fax"])
    else:
        path = tiff(tmp_path / "a.tif", False, False)
    code, err, rows = enhance(path, *WISH)
    assert (code, statuses(rows)) == (3, ["failed", "failed"])
    assert len(err.splitlines()) == 2
    assert not list((tmp_path / "out").glob("*"))


def test_what_failed_is_told_by_each_run(tmp_path, enhance):
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], DAMAGED["cut fax"])
    for _ in range(2):
        code, err, rows = enhance(path, *WISH)
        assert (code, statuses(rows)) == (1, ["done", "failed"])
        assert "page 2, could not be read" in err
    document(path, GOOD["jpeg"], GOOD["fax"])
    assert statuses(enhance(path, *WISH)[2]) == ["done", "done"]
    assert statuses(enhance(path, *WISH)[2]) == ["skipped"]


@pytest.mark.parametrize("more", [("--dry-run",), ("--model", "none")], ids=["dry run", "nothing to enlarge"])
def test_a_damaged_page_is_told_where_nothing_is_enlarged(tmp_path, enhance, more):
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], DAMAGED["cut fax"])
    wish = (*WISH, *more) if more == ("--dry-run",) else more
    code, err, rows = enhance(path, *wish)
    assert (code, statuses(rows)) == (1, ["planned" if more == ("--dry-run",) else "copied", "failed"])
    assert "page 2, could not be read" in err
    if more != ("--dry-run",):
        assert (tmp_path / "out" / "a.pdf").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("form", ["pdf", "tiff"])
def test_a_page_without_dpi_costs_that_page(tmp_path, enhance, form):
    values = np.full((50, 40), 200, np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(values, photometric="minisblack", resolution=(100, 100))
        writer.write(values, photometric="minisblack")
    code, err, rows = enhance(tmp_path / "a.tif", "--dpi", 200, "--model", "bicubic", "--format", form)
    assert (code, statuses(rows)) == (1, ["done", "failed"])
    assert "(page 2) does not say its dpi" in err
    assert err.endswith("; it is in the output as it was\n")


@pytest.mark.parametrize("error", [RuntimeError("lost the thread"), MemoryError()])
@pytest.mark.parametrize("form", ["same", "tiff"])
def test_whatever_fails_for_a_page_costs_that_page(tmp_path, enhance, monkeypatch, form, error):
    def failing(page: Any, *rest: Any, **more: Any) -> Any:
        if page.number == 1:
            raise error
        return upscale_bands(page, *rest, **more)

    monkeypatch.setattr("docsr.batch.worker.upscale_bands", failing)
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], GOOD["fax"], GOOD["fax"])
    code, err, rows = enhance(path, *WISH, "--format", form, "--time-limit", 0, "--jobs", 1)
    assert (code, statuses(rows)) == (1, ["done", "failed", "done"])
    assert f"{path}, page 2, could not be done: " in err
    if form == "tiff":
        with Image.open(tmp_path / "out" / "a.tif") as made:
            assert [frame.size[0] for frame in ImageSequence.Iterator(made)] == [2 * WIDTH, WIDTH, 2 * WIDTH]


@pytest.mark.parametrize("pages", [1, 2])
def test_a_page_that_cannot_be_planned_is_named_by_its_number_if_there_are_more(tmp_path, enhance, monkeypatch, pages):
    def failing(_self: Any, page: Any) -> Any:
        raise RuntimeError("lost the thread")

    monkeypatch.setattr("docsr.batch.page_plan.Planner.page", failing)
    path = document(tmp_path / "a.pdf", *[GOOD["jpeg"]] * pages)
    code, err, _ = enhance(path, *WISH, "--time-limit", 0, "--jobs", 1)
    assert code == 1
    number = ", page 1," if pages > 1 else ""
    assert f"docsr: failed: {path}{number} could not be done: lost the thread" in err


def test_what_no_page_is_to_blame_for_ends_the_run(tmp_path, capsys, monkeypatch):
    def failing(*_: Any, **__: Any) -> Any:
        raise UsageError("the options do not fit")

    monkeypatch.setattr("docsr.batch.worker.upscale_bands", failing)
    path = document(tmp_path / "a.pdf", GOOD["jpeg"], GOOD["fax"])
    wish = (*WISH, "--out", tmp_path / "out", "--time-limit", 0, "--jobs", 1)
    ran = docsr(capsys, monkeypatch, "enhance", path, *wish)
    assert (ran.code, ran.err) == (2, "docsr: error: the options do not fit\n")


def shared(path: Path, contents: list[tuple[str, tuple[float, float]]]) -> Path:
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(GOOD["jpeg"](pdf))
        for content, size in contents:
            add_page(pdf, content, {"/Im0": image}, size=size)
        pdf.save(path)
    return path


def images_in(path: Path) -> list[int]:
    with pikepdf.open(path) as pdf:
        return sorted(int(one.Width) for one in pdf.objects if isinstance(one, Stream) and "/Width" in one)


def test_one_image_on_many_pages_is_enlarged_and_stored_once(tmp_path, enhance):
    half = (FILLING.replace(f"{WIDTH} 0 0 {HEIGHT}", f"{WIDTH / 2} 0 0 {HEIGHT / 2}"), (WIDTH / 2, HEIGHT / 2))
    path = shared(tmp_path / "a.pdf", [(FILLING, (WIDTH, HEIGHT))] * 3 + [half])
    code, err, rows = enhance(path, *WISH)
    assert (code, err, statuses(rows)) == (0, "", ["done"] * 4)
    assert images_in(tmp_path / "out" / "a.pdf") == [2 * WIDTH]
    assert [row["size_out"] for row in rows] == [LARGE] * 4
    assert [row["dpi_out"][0] for row in rows] == pytest.approx([144] * 3 + [288])
    assert {row["model"] for row in rows} == {"bicubic"}
    for number in range(4):
        assert difference(shown(tmp_path / "out" / "a.pdf", number), shown(path, number)) <= 3
    subprocess.run(["qpdf", "--check", tmp_path / "out" / "a.pdf"], check=True, capture_output=True)


def test_one_image_in_two_sizes_becomes_two_where_dpi_are_asked_for(tmp_path, enhance):
    half = (FILLING.replace(f"{WIDTH} 0 0 {HEIGHT}", f"{WIDTH / 2} 0 0 {HEIGHT / 2}"), (WIDTH / 2, HEIGHT / 2))
    path = shared(tmp_path / "a.pdf", [(FILLING, (WIDTH, HEIGHT)), half] * 2)
    _, _, rows = enhance(path, "--dpi", 288, "--model", "bicubic")
    assert statuses(rows) == ["done"] * 4
    assert images_in(tmp_path / "out" / "a.pdf") == [2 * WIDTH, 4 * WIDTH]


def test_a_signed_document_stays_byte_for_byte_whatever_is_asked_for(tmp_path, enhance):
    path = shared(tmp_path / "a.pdf", [(FILLING, (WIDTH, HEIGHT))])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        field = Dictionary(FT=Name.Sig, V=Dictionary(Type=Name.Sig), T=pikepdf.String("Signature"))
        pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]), SigFlags=3)
        pdf.save(path)
    _, _, rows = enhance(path, "--dpi", 300)
    assert statuses(rows) == ["copied"]
    assert (tmp_path / "out" / "a.pdf").read_bytes() == path.read_bytes()
