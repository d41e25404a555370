"""What decoders raise on damaged files becomes a sentence about the file, and what they say in passing too."""

from __future__ import annotations

import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from docsr.errors import PageError
from docsr.io.decoder_messages import captured_messages, plain
from docsr.io.raster.read import read_pages
from docsr.io.read_errors import Unreadable, damage, reporting
from tests.io.raster.pictures import GREY


def sentence(path: Path) -> str:
    with pytest.raises(PageError) as caught:
        list(read_pages(path))
    return str(caught.value).removeprefix(f"{path} could not be read: ")


def test_a_word_of_python_is_no_word_about_a_file(tmp_path: Path):
    (tmp_path / "a.pgm").write_bytes(b"P2\n4 2\n255\n1 2 3 4 5 \xbb7 7 8\n")  # "invalid literal for int() with base 10"
    assert sentence(tmp_path / "a.pgm") == "it is damaged"


def test_what_tifffile_says_of_damage_is_called_damage(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.float32) / 255, photometric="minisblack")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    (table,) = struct.unpack_from("<I", data, 4)
    data[table : table + 2] = b"\xff\xff"
    (tmp_path / "a.tif").write_bytes(data)
    assert sentence(tmp_path / "a.tif").startswith("it is damaged")


def planar(path: Path, tag: int, number: int) -> str:
    """What is said of a TIFF that only tifffile reads, when one field of it is another number."""
    values = np.repeat(GREY[None].astype(np.uint16), 3, axis=0)
    tifffile.imwrite(path, values, photometric="rgb", planarconfig="separate", tile=(16, 16), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[tag].overwrite(number)
    return sentence(path)


def test_tiles_that_are_not_there_are_not_made_up(tmp_path: Path):
    assert planar(tmp_path / "a.tif", 257, 20_000_000) == "it is damaged (a part of it is missing)"


def test_channels_beyond_colour_and_alpha_are_refused_before_they_are_decoded(tmp_path: Path):
    said = planar(tmp_path / "a.tif", 277, 5)
    assert said == "it has 5 channels (save it as grey or RGB)"


def test_a_decoder_that_tifffile_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.float32) / 255, photometric="minisblack")

    def lacks(*_args: object, **_options: object):
        raise ValueError("<COMPRESSION.CCITTFAX4: 4> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", lacks)
    monkeypatch.setattr(Image.Image, "load", lacks)
    monkeypatch.setattr("docsr.io.raster.read._is_misread", lambda _image: True)
    assert sentence(tmp_path / "a.tif") == (
        "its compression (NONE) is not supported here: run pip install imagecodecs, or save it as PNG"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("'>' not supported between instances of 'tuple' and 'int'"), "it is damaged"),
        (KeyError(7), "it is damaged"),
        (struct.error("unpack requires a buffer of 4 bytes"), "it is damaged"),
        (ValueError(), "it is damaged"),
        (SyntaxError("broken PNG file (chunk b'\\x9a\\x04\\x8a&')"), "it is damaged"),
        (ValueError("corrupted strip cannot be reshaped from (7,) to (1, 2, 3, 4)"), "it is damaged"),
        (OSError(22, "Invalid argument"), "it is damaged (Invalid argument)"),
        (OSError("image file is truncated."), "it is damaged (image file is truncated)"),
        (ValueError("<tifffile.TiffPage 0 @8> missing data offset"), "it is damaged (missing data offset)"),
        (zlib.error("Error -3: incorrect\ndata check"), "it is damaged (Error -3: incorrect data check)"),
        (
            ValueError("Cannot overwrite input file. Open with Pdf.open(..., overwriting=True) to allow"),
            "it is damaged",
        ),
        (RuntimeError("Use pikepdf.Pdf.copy_foreign to copy it"), "it is damaged"),
        (RuntimeError("x" * 300), f"it is damaged ({'x' * 200})"),
    ],
)
def test_of_an_error_only_what_is_meant_for_people_is_told(error: Exception, said: str):
    assert damage(error) == said
    with pytest.raises(PageError) as caught, reporting(Path("a.tif"), 1):
        raise error
    assert str(caught.value) == f"a.tif, page 2, could not be read: {said}"


def test_our_own_words_are_told_as_they_are():
    with pytest.raises(PageError, match=r"^a\.tif could not be read: it is empty$"), reporting(Path("a.tif")):
        raise Unreadable("it is empty")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("<TiffTag.fromfile> raised TiffFileError('<tifffile.TiffTag 4 @18> invalid type 0')", "invalid type 0"),
        ("<tifffile.TiffTag 262 @46> raised ValueError('9 is not valid')", "9 is not valid"),
        ("tempfile.tif: Using code not yet in table.", "Using code not yet in table."),
        ("coercing invalid ASCII to bytes, due to UnicodeDecodeError('x', b'y')", "coercing invalid ASCII to bytes"),
        ("\x80lateDecode, \ufffd", "?lateDecode, ?"),
        ("two\n lines\x07", "two lines?"),
    ],
)  # fmt: skip
def test_the_names_of_a_librarys_objects_are_left_out(said: str, told: str):
    assert plain(said) == told


def test_what_tifffile_logs_is_heard_and_not_printed(capsys: pytest.CaptureFixture[str]):
    with captured_messages(printed=False) as lines:
        logging.getLogger("tifffile").warning("<tifffile.TiffPages @8> invalid page offset %i", 9)
    assert lines == ["invalid page offset 9"]
    assert capsys.readouterr().err == ""
    assert not logging.getLogger("tifffile").handlers
