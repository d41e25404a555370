"""Files that cannot be read are one sentence; large ones are read as far as they may be."""

from __future__ import annotations

import errno
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.errors import PageError
from docsr.io.raster.read import read_pages
from tests.io.raster.pictures import GREY, only, saved


def damaged(kind: str, folder: Path) -> Path:
    path = folder / f"bad{'.tif' if 'tiff' in kind else '.jpg' if 'jpeg' in kind else '.png'}"
    noise = np.random.default_rng(0).integers(0, 255, (200, 200)).astype(np.uint8)
    if kind.startswith("truncated"):
        image = Image.fromarray(noise)
        image.save(path, **({"compression": "tiff_lzw"} if "lzw" in kind else {}))
        path.write_bytes(path.read_bytes()[: 4000 if "tiff" not in kind else -3000])
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("This is a letter, not an image.")
    elif kind == "dangling":
        path.symlink_to(folder / "nowhere.png")
    elif kind == "folder":
        path.mkdir()
    elif kind == "tiff header":
        path.write_bytes(b"II*\0\x08\0\0\0\xff\xff")
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("truncated png", "damaged"),
        ("truncated jpeg", "damaged"),
        ("truncated tiff", ""),
        ("truncated tiff lzw", ""),
        ("tiff header", ""),
        ("empty", "it is empty"),
        ("text", "not an image of a known format"),
        ("dangling", "which does not exist"),
        ("folder", "it is a folder"),
        ("missing", "it does not exist"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_bad_file_is_one_sentence(tmp_path: Path, kind: str, said: str):
    path = damaged(kind, tmp_path)
    with pytest.raises(PageError) as caught:
        list(read_pages(path))
    message = str(caught.value)
    assert path.name in message
    assert said in message
    assert "\n" not in message


def test_a_pattern_that_matches_nothing_is_told_as_one(tmp_path: Path):
    with pytest.raises(PageError, match=r"\*\.png could not be read: it does not exist, and nothing matches it as a"):
        list(read_pages(tmp_path / "*.png"))


def test_permission_denied_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = saved(tmp_path / "a.png", Image.fromarray(GREY))

    def refuse(*_args: object, **_options: object):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PageError, match=r"a\.png could not be read: permission denied$"):
        list(read_pages(path))


def test_a_page_beyond_the_limit_is_refused_before_it_is_decoded(tmp_path: Path):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data += struct.pack(">I", 8) + b"IDAT" + bytes(12)
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(PageError, match=r"bomb\.png could not be read: it has more than 1,000,000,000 pixels"):
        list(read_pages(tmp_path / "bomb.png"))


def test_a_page_beyond_pillows_own_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for suffix in (".png", ".tif"):
        path = tmp_path / f"a{suffix}"
        Image.fromarray(GREY).save(path)
        assert np.array_equal(only(path).pixels, GREY)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_pillows_limit_survives_many_threads(tmp_path: Path):
    path, before = saved(tmp_path / "a.png", Image.fromarray(GREY)), Image.MAX_IMAGE_PIXELS
    threads = [threading.Thread(target=lambda: [only(path) for _ in range(20)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS
