"""The Python interface: what it takes, what it gives back, and that it treats a page as the command line does."""

from __future__ import annotations

import inspect
import io
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import docsr as package
from docsr.api import Enhancer
from docsr.decide import decision
from docsr.errors import PageError, UsageError
from docsr.io.document import write_document
from docsr.io.raster.read import read_pages
from docsr.page import Page
from docsr.square import squared
from docsr.upscale.page import upscale_page
from docsr.upscalers.catalog import resolve
from docsr.weights import catalogue
from tests.command import picture
from tests.pairs import text_page
from tests.upscalers.onnx_files import conv_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return conv_network(tmp_path / "network.onnx", metadata={"docsr.overlap": "3"})


def test_arrays_and_pillow_images_keep_their_kind(network):
    grey = np.full((20, 30), 200, dtype=np.uint8)
    assert package.enhance(grey, factor=2, model=str(network)).shape == (40, 60)
    assert package.enhance(np.stack([grey] * 3, axis=2), factor=4, model="bicubic").shape == (80, 120, 3)
    image = picture(30, 20, "RGB")
    image.info["dpi"] = (72, 72)
    large = package.enhance(image, factor=2, model="lanczos")
    assert (large.size, large.mode, large.info["dpi"]) == ((60, 40), "RGB", (144, 144))
    for mode in ("1", "P", "RGBA", "LA", "CMYK", "I;16"):
        assert package.enhance(picture(30, 20).convert(mode), model="bicubic").size == (60, 40)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP", "GIF"])
def test_files_and_their_bytes_become_what_the_command_makes_of_them(tmp_path, form):
    path = tmp_path / "scan"
    picture(30, 20).convert("L").save(path, form, dpi=(72, 72))
    with Image.open(path) as opened:
        expected = np.asarray(package.enhance(opened, model="bicubic"))
    for given in (path, str(path)):
        assert np.array_equal(np.asarray(package.enhance(given, model="bicubic")), expected)
    large = package.enhance(path.read_bytes(), model="bicubic")
    with Image.open(io.BytesIO(large)) as image:
        assert image.format == ("PNG" if form == "GIF" else form)
        assert image.size == (60, 40)
        apart = np.asarray(image.convert("L")).astype(int) - np.asarray(Image.fromarray(expected).convert("L"))
        assert np.abs(apart).mean() <= (0 if form in {"PNG", "TIFF", "GIF"} else 4)


def test_a_scan_in_a_pdf_of_one_page_is_an_image_and_several_pages_are_refused(tmp_path):
    page = Page(np.full((20, 30), 200, np.uint8), (75, 75))
    write_document(tmp_path / "a.pdf", [page], "pdf", 90)
    assert package.enhance(tmp_path / "a.pdf", model="bicubic").size == (60, 40)
    write_document(tmp_path / "b.pdf", [page, page], "pdf", 90)
    with pytest.raises(UsageError, match="several pages"):
        package.enhance(tmp_path / "b.pdf", model="bicubic")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_bytes_that_are_no_image_and_files_that_are_not_there_are_one_sentence(tmp_path, content):
    with pytest.raises(PageError, match=r"^the image could not be read"):
        package.enhance(content, model="bicubic")
    with pytest.raises(PageError, match="does not exist"):
        package.enhance(tmp_path / "gone.png", model="bicubic")


def test_transparent_is_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert np.asarray(package.enhance(clear, model="bicubic")).min() == 255


def test_an_enhancer_is_pickled(network):
    enhancer = package.Enhancer(str(network))
    image = np.random.default_rng(0).integers(0, 256, (30, 30), dtype=np.uint8)
    assert np.array_equal(pickle.loads(pickle.dumps(enhancer))(image), enhancer(image))


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4)), np.zeros((4, 4, 4), dtype=np.uint8), np.zeros((0, 4), np.uint8), 3.5]
)
def test_what_is_no_image_is_refused(bad: Any) -> None:
    with pytest.raises(UsageError, match="an image is"):
        package.enhance(bad, model="bicubic")


def _turned(path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    picture(30, 20).save(path, exif=exif, dpi=(200, 100))


FILES: dict[str, Any] = {
    "turned.jpg": _turned,
    "turned.tif": lambda path: picture(30, 20).save(path, tiffinfo={274: 6}, dpi=(200, 100)),
    "turned.png": _turned,
    "no-dpi.jpg": lambda path: picture(30, 20).save(path),
    "dpi.jpg": lambda path: picture(30, 20, "RGB").save(path, dpi=(150, 150)),
    "grey-palette.png": lambda path: picture(30, 20).convert("P").save(path),
    "colours.gif": lambda path: picture(30, 20, "RGB").quantize(4).save(path),
    "alpha.png": lambda path: picture(30, 20, "RGBA").save(path),
    "grey-alpha.png": lambda path: picture(30, 20).convert("LA").save(path),
    "sixteen.png": lambda path: picture(30, 20).convert("I;16").save(path),
    "bits.tif": lambda path: picture(30, 20).convert("1").save(path, compression="group4", dpi=(204, 98)),
    "cmyk.jpg": lambda path: picture(30, 20).convert("CMYK").save(path),
    "float.tif": lambda path: Image.fromarray(np.full((9, 7), 0.5, np.float32)).save(path),
}


@pytest.mark.parametrize("name", FILES)
def test_a_pillow_image_is_treated_as_its_file_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    FILES[name](path)
    (page,) = read_pages(path)
    expected = upscale_page(squared(page), resolve("bicubic", 2))
    with Image.open(path) as image:
        large = package.enhance(image, factor=2, model="bicubic")
    assert np.array_equal(np.asarray(large), expected.pixels)
    assert large.info.get("dpi") == expected.dpi


def test_what_pillow_finds_damaged_late_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((200, 200), 50).save(path)
    path.write_bytes(path.read_bytes()[:9000])
    with Image.open(path) as image, pytest.raises(PageError, match="could not be read, it is damaged"):
        package.enhance(image, model="bicubic")


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_without_a_known_range_are_refused(mode: str) -> None:
    with pytest.raises(UsageError, match=f"of mode {mode} cannot be enlarged"):
        package.enhance(Image.new(mode, (9, 7), 70_000), model="bicubic")


def test_without_a_model_the_card_decides_at_the_text_size_of_each_image(monkeypatch):
    small, large = (text_page(em, 500, 300)[0] for em in (16, 40))
    enhancer = Enhancer(factor=None)
    assert np.array_equal(Enhancer(factor="auto")(small), enhancer(small))
    assert enhancer(small).shape[0] in {600, 1200}
    assert np.array_equal(enhancer(large), large)
    helpful = replace(next(iter(catalogue().values())), factor=2, x_height_helps={"tesseract": (1.0, 99.0)})
    bicubic = Enhancer("bicubic", 2)(small)
    for card, same in ((replace(helpful, x_height_helps={"tesseract": None}), True), (helpful, False)):
        monkeypatch.setattr(decision, "shipped", lambda factor, fax, card=card: [card] if factor == 2 else [])
        assert np.array_equal(Enhancer(factor=2)(small), bicubic) == same
        assert np.array_equal(Enhancer(factor=2, engine="rapidocr")(small), bicubic)


def test_the_function_tells_its_arguments_and_what_it_does() -> None:
    assert inspect.isfunction(package.enhance)
    told = inspect.signature(package.enhance)
    assert list(told.parameters)[1:] == ["factor", "model", "engine", "languages"]
    assert told.parameters["factor"].default == 2
    assert "Enlarge one array" in (package.enhance.__doc__ or "")


def test_an_engine_of_which_nothing_was_measured_is_refused():
    with pytest.raises(UsageError, match="use tesseract or rapidocr"):
        Enhancer(engine="paddle")


def test_a_factor_that_nobody_has_is_refused():
    for factor in (3, "8"):
        with pytest.raises(UsageError, match="the factor is 2, 4, 8 or 'auto'"):
            Enhancer(factor=factor)  # type: ignore[arg-type]
