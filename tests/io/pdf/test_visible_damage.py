"""What a renderer leaves out of a damaged page, without a word, is told."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from docsr.io.decoder_messages import captured_messages
from docsr.io.pdf.content import MAX_CONTENT_BYTES
from docsr.io.pdf.visible import open_visible
from tests.io.pdf.files import reasons


def without_image(page: pikepdf.Page) -> None:
    del page.obj.Resources.XObject.Im0


def with_7_bits(page: pikepdf.Page) -> None:
    page.obj.Resources.XObject.Im0.BitsPerComponent = 7


def without_width(page: pikepdf.Page) -> None:
    page.obj.Resources.XObject.Im0.Width = 0


def without_colours(page: pikepdf.Page) -> None:
    del page.obj.Resources.XObject.Im0.ColorSpace


@pytest.mark.parametrize("broken", [without_image, with_7_bits, without_width, without_colours])
def test_a_page_whose_image_a_renderer_leaves_out_is_told_and_the_others_are_not(tmp_path: Path, broken):
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        for _ in range(2):
            page = pdf.add_blank_page(page_size=(100, 100))
            image = pikepdf.Stream(pdf, bytes(100 * 100))
            image.Type, image.Subtype = Name.XObject, Name.Image
            image.Width, image.Height, image.BitsPerComponent, image.ColorSpace = 100, 100, 8, Name.DeviceGray
            page.obj.Resources = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(image)))
            page.obj.Contents = pdf.make_stream(b"q 100 0 0 100 0 0 cm /Im0 Do Q")
        broken(pdf.pages[1])
        pdf.save(path)
    with captured_messages(printed=False) as told:
        assert len([page.read() for page in open_visible(path)]) == 2
    assert len(told) == 1
    assert told[0].startswith("page 2: it is damaged (")


def test_what_is_not_damaged_is_not_told_as_if_it_were(tmp_path: Path):
    """A refusal may speak of damage without being of it: its kind counts, not its words."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(100, 100))
        image = pikepdf.Stream(pdf, bytes(100 * 100))
        image.Type, image.Subtype = Name.XObject, Name.Image
        image.Width, image.Height, image.BitsPerComponent = 100, 100, 8
        colours = pdf.make_stream(b"")
        colours.write(bytes(3), filter=Name("/damaged"))
        image.ColorSpace = Array([Name.Indexed, Name.DeviceRGB, 0, colours])
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(image)))
        page.obj.Contents = pdf.make_stream(b"q 100 0 0 100 0 0 cm /Im0 Do Q")
        pdf.save(tmp_path / "a.pdf")
    with captured_messages(printed=False) as told:
        for seen in open_visible(tmp_path / "a.pdf"):
            assert seen.read().pixels.max() == 0
    assert told == []


def test_a_large_drawing_is_no_damage(tmp_path: Path):
    line = b"0 0 m 9 9 l S "
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(20, 20))
        page.obj.Contents = pdf.make_stream(line * (MAX_CONTENT_BYTES // len(line) + 1))
        pdf.save(tmp_path / "a.pdf", compress_streams=True)
    (reason,) = reasons(tmp_path / "a.pdf")
    assert reason == "its content is too large for a scan"
    with captured_messages(printed=False) as told:
        assert [seen.read().pixels.min() < 255 for seen in open_visible(tmp_path / "a.pdf")] == [True]
    assert told == []
