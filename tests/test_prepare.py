from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from docsr.decide.text_size import measure
from docsr.errors import NoInputError, UsageError
from docsr.pairs.store import HEADER, UNFINISHED, PatchStore, read_header
from docsr.pairs.store_writer import StoreWriter
from docsr.prepare import PrepareOptions, prepare
from tests.pairs import save, text_page, write_pdf
from tests.pairs.test_sources import rvl_cdip

OPTIONS = PrepareOptions(x_height=14.0, size=192, per_page=3)


def folder_of_pages(root, ems=(26, 34), count=2):
    for em in ems:
        for number in range(count):
            pixels, text = text_page(em, 900, 600, first=17 * number)
            save(root / f"{em}-{number}.png", pixels)
            (root / f"{em}-{number}.txt").write_text(text)
    return root


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_text_is_brought_to_one_size(tmp_path):
    told = []
    source = folder_of_pages(tmp_path / "in")
    header = prepare("images", source, tmp_path / "out", OPTIONS, progress=lambda *at: told.append(at))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (header.documents, header.pages, header.skipped) == (4, 4, ())
    assert (header.train, header.val) == (9, 3)
    assert read_header(tmp_path / "out") == header
    patches = PatchStore(tmp_path / "out", "train")
    assert len(patches) == 9
    sizes = []
    for number in range(9):
        assert patches[number].shape == (192, 192)
        found = measure(np.asarray(patches[number]))
        if found is not None:
            sizes.append(found.x_height)
    assert len(sizes) >= 5
    assert np.median(sizes) == pytest.approx(14, rel=0.1)


def test_whole_pages_are_kept_grey_with_their_text(tmp_path):
    for number in range(2):
        pixels, text = text_page(26, 1200, 900, first=10 * number)
        save(tmp_path / "in" / f"{number}.png", np.stack([pixels, pixels - 5, pixels - 9], axis=2))
        (tmp_path / "in" / f"{number}.txt").write_text(text)
    prepare("images", tmp_path / "in", tmp_path / "out", OPTIONS)
    (picture,) = (tmp_path / "out" / "pages").glob("*.png")
    with Image.open(picture) as page:
        assert page.mode == "L"
    assert len(picture.with_suffix(".txt").read_text().split()) >= 100


def test_blank_pages_give_nothing(tmp_path):
    source = folder_of_pages(tmp_path / "in", ems=(26,))
    save(source / "blank.png", np.full((600, 900), 255, np.uint8))
    header = prepare("images", source, tmp_path / "out", OPTIONS)
    assert header.documents == header.pages == 3
    assert len(header.skipped) == 1
    assert "blank.png, page 1: no text found" in header.skipped[0]


def test_rvl_cdip_skips_counts_and_names_bad_files(tmp_path):
    root = rvl_cdip(tmp_path / "rvl", ["a/good.tif", "a/missing.tif", "a/corrupt.tif"], ["b/good.tif"], ["c/test.tif"])
    for name in ("a/good.tif", "b/good.tif", "c/test.tif"):
        save(root / "images" / name, text_page(26, 900, 600)[0])
    (root / "images" / "a" / "corrupt.tif").write_bytes((root / "images" / "a" / "good.tif").read_bytes()[:300])
    header = prepare("rvl-cdip", root, tmp_path / "out", OPTIONS)
    assert (header.documents, header.train, header.val) == (4, 3, 3)
    assert len(header.skipped) == 2
    assert "missing.tif" in header.skipped[0]
    assert "corrupt.tif" in header.skipped[1]
    assert json.loads((tmp_path / "out" / HEADER).read_text())["skipped"] == list(header.skipped)


def test_pdf_pages_are_rendered_at_the_size_wanted(tmp_path):
    lines = text_page()[1].splitlines()
    write_pdf(tmp_path / "in" / "a.pdf", lines, pages=3)
    write_pdf(tmp_path / "in" / "b.pdf", lines, size=16)
    (tmp_path / "in" / "c.pdf").write_bytes(b"%PDF-1.7 cut")
    options = PrepareOptions(x_height=20.0, size=192, per_page=2, per_document=2)
    header = prepare("pdf", tmp_path / "in", tmp_path / "out", options)
    assert header.documents == 3
    assert header.pages == 3
    assert "c.pdf" in header.skipped[0]
    assert header.train + header.val == 6


def test_two_jobs_give_the_same_store(tmp_path):
    source = folder_of_pages(tmp_path / "in", ems=(26,))
    for jobs in (1, 2):
        prepare("images", source, tmp_path / str(jobs), OPTIONS, jobs=jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_a_finished_store_is_refused_and_an_unfinished_one_is_done_again(tmp_path):
    source, out = folder_of_pages(tmp_path / "in", ems=(26,)), tmp_path / "out"
    StoreWriter(out, 192)  # and then the run was killed
    np.save(out / "train-00007.npy", np.zeros((1, 192, 192), np.uint8))
    header = prepare("images", source, out, OPTIONS)
    assert len(PatchStore(out, "train")) == header.train
    before = contents(out)
    with pytest.raises(UsageError, match="holds prepared patches already"):
        prepare("images", source, out, OPTIONS)
    assert contents(out) == before


@pytest.mark.parametrize("out", ["book", ".", "book/pages", "book/pages/.."])
@pytest.mark.parametrize("given", ["book/pages", "book/pages/26-0.png"])
def test_the_source_is_never_written_over(tmp_path, given, out):
    folder_of_pages(tmp_path / "book" / "pages", ems=(26,))
    (tmp_path / out / UNFINISHED).touch()  # not even into what looks like a store
    before = contents(tmp_path)
    with pytest.raises(UsageError, match=r"holds the source .*: choose another folder"):
        prepare("images", tmp_path / given, tmp_path / out, OPTIONS)
    assert contents(tmp_path) == before


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    source, out = folder_of_pages(tmp_path / "in", ems=(26,)), tmp_path / "out"
    save(out / "pages" / "00-scan.png", text_page()[0])
    np.save(out / "train-00000.npy", np.zeros(3))
    before = contents(out)
    with pytest.raises(UsageError, match="out is not empty"):
        prepare("images", source, out, OPTIONS)
    assert contents(out) == before


def test_a_second_store_below_the_scans_reads_the_scans_alone(tmp_path):
    source = folder_of_pages(tmp_path / "in", ems=(26,))
    first = prepare("images", source, source / "p1", OPTIONS)
    second = prepare("images", source, source / "p2", OPTIONS)
    assert second == first
    assert contents(source / "p2") == contents(source / "p1")


def test_nothing_usable(tmp_path):
    save(tmp_path / "in" / "blank.png", np.full((300, 300), 255, np.uint8))
    with pytest.raises(NoInputError, match=r"gave a patch: .*blank\.png, page 1: no text found") as caught:
        prepare("images", tmp_path / "in", tmp_path / "out", OPTIONS)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out" / HEADER).exists()
    folder_of_pages(tmp_path / "in", ems=(26,))
    prepare("images", tmp_path / "in", tmp_path / "out", OPTIONS)  # what it left behind is no hindrance


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(NoInputError, match="none does not exist"):
        prepare("images", tmp_path / "none", tmp_path / "out", OPTIONS)
    assert not list(tmp_path.iterdir())


def test_a_page_without_a_patch_is_named(tmp_path):
    source = folder_of_pages(tmp_path / "in", ems=(26,))
    dark = 255 - text_page(26, 900, 600)[0]
    save(source / "dark.png", dark)
    header = prepare("images", source, tmp_path / "out", PrepareOptions(x_height=None, size=192))
    assert header.pages == 3
    (sentence,) = header.skipped
    assert sentence.endswith("dark.png, page 1: no part of it looks like text: it is blank, or a picture")


def test_one_job_needs_no_pool(tmp_path, monkeypatch):
    monkeypatch.setattr("docsr.prepare.run_in_processes", None)
    assert prepare("images", folder_of_pages(tmp_path / "in", ems=(26,)), tmp_path / "out", OPTIONS).train


def test_text_that_is_far_too_small_is_not_blown_up(tmp_path):
    save(tmp_path / "in" / "small.png", text_page(14)[0])
    with pytest.raises(NoInputError, match=r"its text is too small .* wanted 40.*--x-height .*--as-is"):
        prepare("images", tmp_path / "in", tmp_path / "out", PrepareOptions(x_height=40.0, size=192))


@pytest.mark.parametrize("shape", [(40, 500), (500, 40), (192, 192), (193, 700)])
def test_pages_of_any_shape_are_cut(tmp_path, shape):
    save(tmp_path / "in" / "page.png", np.resize(text_page(14, 700, 700)[0], shape))
    options = PrepareOptions(x_height=None, size=192, per_page=4)
    for name in ("one", "again"):
        header = prepare("images", tmp_path / "in", tmp_path / name, options)
        assert (header.size, 1 <= header.train <= 4) == (192, True)
    one, again = (np.load(tmp_path / name / "train-00000.npy") for name in ("one", "again"))
    assert one.shape[1:] == (192, 192)
    assert np.array_equal(one, again)
