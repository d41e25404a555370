"""What a file may take as a whole: when it is used up, what was done is kept and the rest is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from docsr.batch import budget, worker
from docsr.batch.options import EnhanceOptions
from docsr.batch.run import plan_files
from docsr.batch.worker import FileEnhancer
from docsr.io.document import count_pages
from docsr.io.pdf.scans import write_scans
from docsr.page import Page
from tests.pairs import text_page

PAGES = 10
SECONDS = 10.0


def scans(folder: Path, suffix: str) -> Path:
    """A file of many different pages."""
    pixels = [text_page(12, 300, 120, first=number)[0] for number in range(PAGES)]
    path = folder / f"a{suffix}"
    if suffix == ".pdf":
        write_scans((Page(one, (100, 100)) for one in pixels), path)
    else:
        first, *others = map(Image.fromarray, pixels)
        first.save(path, save_all=True, append_images=others, dpi=(100, 100))
    return path


def done(source: Path, out: Path, form: str = "same") -> list[tuple[str, str | None]]:
    out.mkdir(exist_ok=True)
    options = EnhanceOptions(factor=2, model="bicubic", format=form)
    (task,) = plan_files([source], out, options)
    return [(row.status, row.error) for row in FileEnhancer(options, out, 1)(task)]


@contextmanager
def slow() -> Iterator[None]:
    """A second goes by whenever a file's time is looked at, and a file may take SECONDS."""
    clock = count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "monotonic", lambda: float(next(clock)))
        patch.setattr(budget, "SECONDS_PER_BYTE", 0.0)
        patch.setattr(worker, "time_limit", lambda: SECONDS)
        yield


@pytest.mark.parametrize(("suffix", "form"), [(".tif", "same"), (".tif", "pdf"), (".pdf", "tiff"), (".pdf", "same")])
def test_what_was_done_in_the_time_of_a_file_is_kept(tmp_path, suffix, form):
    source, out = scans(tmp_path, suffix), tmp_path / "out"
    with slow():
        rows = done(source, out, form)
    statuses = [status for status, _ in rows]
    finished = statuses.count("done")
    assert 0 < finished < PAGES
    assert statuses[:finished] == ["done"] * finished
    assert set(statuses[finished:]) == {"failed", "unwritten"}
    told = rows[finished][1] or ""
    assert f"{source}, page {finished + 1}: its file took longer than the 10 s allowed" in told
    assert f"{PAGES - finished - 1} pages after it were not reached" in told
    (made,) = (path for path in out.iterdir() if path.name[0] != ".")
    assert count_pages(made) == (PAGES if (suffix, form) == (".pdf", "same") else finished)


@pytest.mark.parametrize("suffix", [".tif", ".pdf"])
def test_the_next_run_does_it_again(tmp_path, suffix):
    source, out = scans(tmp_path, suffix), tmp_path / "out"
    with slow():
        assert "failed" in {status for status, _ in done(source, out)}
    assert done(source, out) == [("done", None)] * PAGES


@pytest.mark.parametrize(("suffix", "form"), [(".tif", "same"), (".tif", "pdf"), (".pdf", "same")])
def test_an_output_that_grows_too_much_ends_where_it_does(tmp_path, monkeypatch, suffix, form):
    monkeypatch.setattr(budget, "LEAST_ROOM", 12_000)
    monkeypatch.setattr(budget, "MOST_GROWTH", 0)
    rows = done(scans(tmp_path, suffix), tmp_path / "out", form)
    finished = [status for status, _ in rows].count("done")
    assert 0 < finished < PAGES
    assert "the output has" in (rows[finished][1] or "")


def test_a_file_has_time_by_its_size_and_none_is_bounded_without_a_limit(tmp_path):
    (tmp_path / "a").write_bytes(bytes(40_000))
    assert budget.Budget.of(tmp_path / "a", 600.0).seconds == pytest.approx(620.0)
    assert budget.Budget.of(tmp_path / "a", None).fault() is None


@pytest.mark.parametrize("suffix", [".tif", ".pdf"])
@pytest.mark.parametrize("form", ["tiff", "pdf"])
def test_a_file_of_too_many_pages_is_refused_before_the_first(tmp_path, monkeypatch, suffix, form):
    monkeypatch.setattr(budget, "MOST_PAGES", PAGES - 1)
    source = scans(tmp_path, suffix)
    sentence = f"{source} has 10 pages, more than 9: split it into several files"
    assert done(source, tmp_path / "out", form) == [("failed", sentence)]


GROWING = """
import os, sys
from pathlib import Path
import numpy as np
from docsr.io.pdf.scans import open_scans, write_scans
from docsr.page import Page

def held():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1024

def noise(number):
    return np.random.default_rng(number).integers(0, 256, (1000, 1000), np.uint8)

path, more, told = Path(sys.argv[1]), int(sys.argv[2]), []
def pages():
    for number in range(3 + more):
        if number == 3:
            told.append(held())
        yield Page(noise(number), (100, 100))
write_scans(pages(), path)
told.append(held())
with open_scans(path) as scans:
    for leaf in scans.leaves:
        if leaf.number == 3:
            told.append(held())
        page = leaf.read()
        leaf.replace(Page(noise(1000 + leaf.number), (100, 100)))
        del page
    scans.save(path.with_name("larger.pdf"))
told.append(held())
print(*told)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_memory_does_not_grow_with_the_pages_of_a_pdf(tmp_path):
    more = 40
    ran = subprocess.run(
        [sys.executable, "-c", GROWING, tmp_path / "a.pdf", str(more)], capture_output=True, text=True, check=True
    )
    written, saved, opened, replaced = map(float, ran.stdout.split())
    with pikepdf.open(tmp_path / "larger.pdf") as made:
        images = [page.Resources.XObject.Im0 for page in made.pages]
        assert len({image.read_raw_bytes() for image in images}) == 3 + more
    assert (tmp_path / "a.pdf").stat().st_size > more * 800_000
    assert saved - written < 0.2 * more  # MB: a page takes over 0.8
    assert replaced - opened < 0.2 * more
    assert {path.name for path in tmp_path.iterdir()} == {"a.pdf", "larger.pdf"}
