"""Pages drawn in typefaces: the same each time, at any scale, of the size they say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from docsr.errors import NoInputError, PageError, UsageError
from docsr.pairs import fonts
from docsr.pairs.fonts import PAGES_PER_FACE, X_HEIGHT, Fonts, draw_page
from docsr.pairs.source import Document
from docsr.pairs.store import PatchStore
from docsr.prepare import PrepareOptions, prepare
from tests.pairs import FONT


@pytest.fixture
def typefaces(tmp_path: Path) -> Path:
    folder = tmp_path / "faces" / "deep"
    folder.mkdir(parents=True)
    for name in ("DejaVuSans.ttf", "DejaVuSansMono.ttf", "DejaVuSerif-Bold.ttf"):
        shutil.copy(FONT.with_name(name), folder)
    (folder / "readme.txt").write_text("no typeface")
    return tmp_path / "faces"


def test_each_typeface_is_a_document(typefaces: Path) -> None:
    documents = Fonts().documents(typefaces)
    assert sorted(document.path.name for document in documents) == [
        "DejaVuSans.ttf",
        "DejaVuSansMono.ttf",
        "DejaVuSerif-Bold.ttf",
    ]
    assert [document.split for document in documents].count("val") == 1
    assert len(Fonts().documents(FONT)) == 1


@pytest.mark.slow
def test_a_page_is_drawn_the_same_each_time_and_no_two_are_alike() -> None:
    first, again = (list(Fonts().pages(Document(FONT, "train"))) for _ in range(2))
    assert len(first) == PAGES_PER_FACE
    pictures = [page.at(0.5).pixels for page in first]
    assert all(np.array_equal(one, page.at(0.5).pixels) for one, page in zip(pictures, again, strict=True))
    assert len({one.tobytes() for one in pictures}) == PAGES_PER_FACE


def test_the_scale_changes_nothing_but_the_size() -> None:
    page = next(Fonts().pages(Document(FONT, "train")))
    small, large = page.at(0.5).pixels, page.at(1.5).pixels
    assert large.shape == (3 * small.shape[0], 3 * small.shape[1])
    reduced = cv2.resize(large, small.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), np.asarray(reduced).ravel())[0, 1] > 0.9


def test_its_x_is_as_high_as_it_says() -> None:
    face = fonts._Face.read(FONT)
    for x_height in (7.0, X_HEIGHT, 60.0):
        _, top, _, bottom = face.at(x_height).getbbox("x")
        assert bottom - top == pytest.approx(x_height, abs=1)


@pytest.mark.slow
def test_pages_hold_ink_and_paper() -> None:
    face = fonts._Face.read(FONT)
    for seed in range(8):
        assert 0.01 < (draw_page(face, seed, 0.5).pixels < 128).mean() < 0.4


def test_what_is_no_typeface_with_letters_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no typeface")
    with pytest.raises(PageError, match=r"broken\.ttf cannot be read as a typeface"):
        next(Fonts().pages(Document(broken, "train")))
    monkeypatch.setattr(fonts, "NEEDED", "a中")
    with pytest.raises(PageError, match=r"DejaVuSans\.ttf lacks letters or figures \(中\)"):
        next(Fonts().pages(Document(FONT, "train")))
    with pytest.raises(NoInputError, match="no typeface"):
        Fonts().documents(tmp_path / "nothing")


@pytest.mark.slow
def test_patches_of_typefaces(typefaces: Path, tmp_path: Path) -> None:
    (typefaces / "broken.otf").write_bytes(b"no typeface")
    header = prepare("fonts", typefaces, tmp_path / "p", PrepareOptions(14.0, size=96, per_page=2))
    assert (header.kind, header.x_height, header.documents) == ("fonts", 14.0, 4)
    assert len(header.skipped) == 1
    patches = PatchStore(tmp_path / "p", "train")
    assert len(patches) > 12
    assert all(patches[number].std() > 10 for number in range(len(patches)))


def test_most_blocks_have_prose_in_its_order_from_some_place() -> None:
    prose = [f"word{number}" for number in range(20)]
    random = np.random.default_rng(0)
    blocks = [fonts._words(np.random.default_rng(seed), prose) for seed in range(200)]
    lines = [[words(random) for _ in range(40)] for words in blocks]
    found = [line for line in lines if line[0] in prose]
    assert len(found) == pytest.approx(200 * fonts.PROSE_SHARE, abs=20)
    assert len({line[0] for line in found}) == len(prose)
    for line in found:
        place = prose.index(line[0])
        assert line == (prose[place:] + prose * 3)[:40], "and from its start again"


def test_without_prose_pages_are_what_they_were_and_with_it_others() -> None:
    face = fonts._Face.read(FONT)
    plain, empty, other = (draw_page(face, 1, 0.5, prose).pixels for prose in ((), [], ["together", "with", "the"]))
    assert np.array_equal(plain, empty)
    assert not np.array_equal(plain, other)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_patches_of_prose(typefaces: Path, tmp_path: Path, jobs: int) -> None:
    prose = tmp_path / "prose.txt"
    prose.write_text("It was the best of times, it was the worst of times.", encoding="utf-8")
    options = PrepareOptions(14.0, size=96, per_page=2)
    prepare("fonts", typefaces, tmp_path / "plain", options, jobs=jobs)
    prepare("fonts", typefaces, tmp_path / "prose", replace(options, prose=prose), jobs=jobs)
    plain, drawn = (PatchStore(tmp_path / name, "train") for name in ("plain", "prose"))
    assert len(drawn) > 12
    assert not np.array_equal(plain[0], drawn[0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b" \n", "has no words", id="empty"),
        pytest.param(b"\xff\xfe", "cannot be read as UTF-8", id="not UTF-8"),
        pytest.param(None, "cannot be read as UTF-8: .*No such file", id="no file"),
    ],
)
def test_prose_that_cannot_be_used_is_told_before_anything_is_made(
    typefaces: Path, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    prose = tmp_path / "prose.txt"
    if content is not None:
        prose.write_bytes(content)
    with pytest.raises(UsageError, match=sentence):
        prepare("fonts", typefaces, tmp_path / "p", PrepareOptions(14.0, prose=prose))
    assert not (tmp_path / "p").exists()


def test_only_typefaces_draw_prose(typefaces: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="images draws no text: leave out --prose"):
        prepare("images", typefaces, tmp_path / "p", PrepareOptions(14.0, prose=typefaces / "prose.txt"))
