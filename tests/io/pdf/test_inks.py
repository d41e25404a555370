"""Inks are converted by pdfium: of images of any width, and of a content only what a stencil is painted in."""

from __future__ import annotations

import numpy as np
import pikepdf
import pytest
from pikepdf import Name

from docsr.io.pdf import shown_images
from docsr.io.pdf.content import content_of
from docsr.io.pdf.pdfium_image import as_pdfium_shows, from_inks
from docsr.io.pdf.shown_images import paint
from docsr.page import Pixels
from tests.io.pdf.files import BITS, GREY, add_page, image_of, packed


def test_inks_of_any_width_are_converted(caplog: pytest.LogCaptureFixture):
    few = np.random.default_rng(0).integers(0, 256, (3, 1000, 4), np.uint8)
    wide = from_inks(np.tile(few, (1, 140, 1)))
    assert np.array_equal(wide, np.tile(from_inks(few), (1, 140, 1)))
    assert caplog.records == []


def test_what_goes_wrong_with_an_image_that_was_decoded_is_not_its_damage():
    def misused() -> None:
        with as_pdfium_shows(bytes(4), 2, 2, ColorSpace=Name.DeviceGray, BitsPerComponent=8) as image:
            assert image.shape == (2, 2, 1)
            raise ValueError("of the caller")

    with pytest.raises(ValueError, match="of the caller"):
        misused()


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[Pixels]:
    """The inks that are converted while a test runs."""
    done = list[Pixels]()

    def noted(inks: Pixels) -> Pixels:
        done.append(inks)
        return from_inks(inks)

    monkeypatch.setattr(shown_images, "from_inks", noted)
    shown_images._of_inks.cache_clear()
    return done


def test_of_the_inks_in_a_content_none_are_converted_before_a_stencil_is_read(converted: list[Pixels]):
    with pikepdf.new() as pdf:
        stencil = image_of(pdf, packed(BITS >> 7, 1), None, 1, ImageMask=True)
        content = " ".join(f"{number / 99} .2 .3 .4 k /Im{number % 2} Do" for number in range(99))
        page = add_page(pdf, content, {"/Im0": image_of(pdf, GREY.tobytes()), "/Im1": stencil})
        images = content_of(page).images
        assert len(images) == 99
        assert converted == []
        assert {place.fill for place in images[::2]} == {None}
        assert converted == []
        assert images[1].fill is not None
        assert len(converted) == 1


def test_inks_that_are_alike_in_pixels_are_converted_once(converted: list[Pixels]):
    assert len({paint((0.2, 0.3, 0.4, 0.5 + part / 1e6)) for part in range(99)}) == 1
    assert len(converted) == 1
