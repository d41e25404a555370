"""A PDF page becomes the pixels that one sees: those of its scan as they are stored, or a rendering."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_document
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.visible import RENDERED_DPI, open_visible
from docsr.page import Page, Pixels
from tests.io.pdf.drawn import BITS, COVER, DPI, FILLING, HIGH, SCAN, WIDE, H, W
from tests.io.pdf.files import add_page, enlarge, image_of, jpeg, shown
from tests.io.pdf.renderers import apart
from tests.io.pdf.visible_files import PAGES, document


def seen(path: Path) -> list[tuple[bool, str | None, Page]]:
    return [(page.is_scan, page.reason, page.read()) for page in open_visible(path)]


SCANS = (
    "a scan", "turned by 90", "turned by 180", "turned by 270", "large units", "white under it", "hidden text over it",
    "mirrored", "lying", "clipped to all of it", "in a form", "a hidden stamp", "a hidden field",
    "a stamp that is not viewed", "a link without a border", "a note that pops up", "one bit", "two images",
)  # fmt: skip
"""Pages that show their scan alone, and all of it."""


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_that_nothing_changes_keeps_its_own_pixels(tmp_path: Path, name: str):
    path = document(tmp_path / "a.pdf", [name])
    ((is_scan, reason, page),) = seen(path)
    assert is_scan
    assert reason is None
    with open_scans(path) as scans:
        assert np.array_equal(page.pixels, scans.leaves[0].read().pixels)


RENDERED = [name for name in PAGES if "over it" in name and "hidden" not in name and "stencil" not in name]


@pytest.mark.parametrize("name", [*RENDERED, "a stamp", "ink", "a text box", "a square", "a field", "a ticked box"])
def test_what_lies_over_a_scan_is_seen_and_the_rest_keeps_its_pixels(tmp_path: Path, name: str):
    ((is_scan, reason, page),) = seen(document(tmp_path / "a.pdf", [name]))
    assert not is_scan
    if name == "text over it":
        assert reason == "it has text of its own"
        assert page.dpi == (RENDERED_DPI, RENDERED_DPI)
        return
    assert reason is None
    if name == "a second image over it":  # which is finer
        assert page.dpi == pytest.approx((2 * DPI, 2 * DPI))
        return
    unit = 2 if "large units" in name else 1
    assert page.dpi == (DPI / unit, DPI / unit)
    pixels = page.pixels if page.is_grey else page.pixels[..., 0]
    pixels = np.rot90(pixels) if "turned" in name else pixels
    beside = np.ones(SCAN.shape, bool)
    beside[85:215, 20:225] = False  # what lies over the scan lies within
    assert np.array_equal(pixels[beside], SCAN[beside])
    assert (pixels != SCAN).any()


WHITE = [name for name in PAGES if name.startswith("white") and "over it" in name]


@pytest.mark.parametrize("name", WHITE)
def test_what_white_covers_stays_covered(tmp_path: Path, name: str):
    ((_, _, page),) = seen(document(tmp_path / "a.pdf", [name]))
    bar = page.pixels if "turned" not in name else np.rot90(page.pixels)
    assert bar[145:165, 50:190].min() > 250


def pdf_of(path: Path, content: str, pixels: Pixels = SCAN, size: tuple[float, float] = (W, H), **more: object) -> Path:
    with pikepdf.new() as pdf:
        add_page(pdf, content, {"/Im0": image_of(pdf, pixels.tobytes(), size=pixels.shape[1::-1])}, size, **more)
        pdf.save(path)
    return path


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("over", ["", " 1 g 40 40 5 5 re f"], ids=["alone", "covered"])
def test_margins_are_white_and_the_scan_between_them_keeps_its_pixels(tmp_path: Path, turn: int, over: str):
    """10.3 px on the left, 20.4 below, and 30 and 40 more on the other sides, to the next whole ones."""
    px = 72 / DPI
    size = (WIDE + 10.3 + 30) * px, (HIGH + 20.4 + 40) * px
    content = f"q {W} 0 0 {H} {10.3 * px} {20.4 * px} cm /Im0 Do Q"
    ((is_scan, _, page),) = seen(pdf_of(tmp_path / "a.pdf", content + over, size=size, Rotate=turn))
    assert is_scan == (not over)
    assert page.dpi == pytest.approx((DPI, DPI))
    upright = np.rot90(page.pixels, turn // 90)
    assert upright.shape == (HIGH + 60, WIDE + 40)
    scan = upright[40 : 40 + HIGH, 10 : 10 + WIDE]
    if over:
        wrong = (scan != SCAN).mean()
        assert wrong < 0.01
    else:
        assert np.array_equal(scan, SCAN)
    assert upright[:39].min() == upright[:, :9].min() == upright[-19:].min() == upright[:, -29:].min() == 255


def test_a_crop_is_cut_out_of_the_scan(tmp_path: Path):
    px = 72 / DPI
    crop = Array([round(side * px, 4) for side in (30, 40, 200, 300)])
    ((is_scan, _, page),) = seen(pdf_of(tmp_path / "a.pdf", FILLING, CropBox=crop))
    assert is_scan
    assert np.array_equal(page.pixels, SCAN[20:280, 30:200])


@pytest.mark.parametrize("over", ["", " 1 g 10 10 5 5 re f"], ids=["alone", "covered"])
def test_pixels_that_are_not_square_stay_so(tmp_path: Path, over: str):
    """204 x 98 dpi; whoever squares them squares those of a rendering by the same function."""
    fax = np.ascontiguousarray(SCAN[:98])
    content = f"q {WIDE * 72 / 204} 0 0 72 0 0 cm /Im0 Do Q{over}"
    for turn, dpi in ((0, (204, 98)), (90, (98, 204))):
        path = pdf_of(tmp_path / "a.pdf", content, fax, (WIDE * 72 / 204, 72), Rotate=turn)
        ((is_scan, _, page),) = seen(path)
        assert is_scan == (not over)
        assert page.dpi == pytest.approx(dpi)
        assert (np.rot90(page.pixels, turn // 90) != fax).mean() < 0.03


def test_one_bit_with_white_over_it_stays_black_and_white(tmp_path: Path):
    ((_, _, page),) = seen(pdf_of(tmp_path / "a.pdf", FILLING + f" 1 g {COVER} f", BITS))
    assert np.array_equal(page.pixels[:80], BITS[:80])
    assert page.pixels[145:165, 50:190].min() == 255
    assert not page.bilevel  # stored in eight bits
    path = document(tmp_path / "b.pdf", ["one bit"])
    for over, bilevel in (f" 1 g {COVER} f", True), (f" 0.5 g {COVER} f", False):
        with pikepdf.open(path) as pdf:
            pdf.pages[0].obj.Contents = pdf.make_stream((FILLING + over).encode())
            pdf.save(tmp_path / "c.pdf")
        ((_, _, page),) = seen(tmp_path / "c.pdf")
        assert np.array_equal(page.pixels[:80], BITS[:80])
        assert page.bilevel is bilevel


@pytest.mark.parametrize(
    ("content", "dpi", "reason"),
    [
        ("0 g " + " ".join(f"{n} 5 1 1 re f" for n in range(101)), RENDERED_DPI, "it has vector drawing"),
        ("0 g " + " ".join(f"{n} 5 1 1 re f" for n in range(99)), DPI, None),
        (f"q 0.5 0 0 0.5 0 0 cm {FILLING} Q 0 0 5 5 re S", RENDERED_DPI, "it has vector drawing"),
    ],
    ids=["a drawing", "a marked scan", "a small image"],
)
def test_a_drawing_is_rendered_finely_and_left(tmp_path: Path, content: str, dpi: float, reason: str | None):
    path = pdf_of(tmp_path / "a.pdf", content if "Do" in content else f"{FILLING} {content}")
    ((_, why, page),) = seen(path)
    assert (why, page.dpi) == (reason, (dpi, dpi))


def test_what_a_page_inherits_counts(tmp_path: Path):
    path = document(tmp_path / "a.pdf", ["white over it, turned", "cropped, turned"])
    own = [page for _, _, page in seen(path)]
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for page in pdf.pages:
            node = pdf.make_indirect(
                Dictionary(Type=Name.Pages, Parent=pdf.Root.Pages, Count=1, Kids=Array([page.obj]))
            )
            for key in ("/MediaBox", "/CropBox", "/Rotate", "/Resources"):
                if key in page.obj:
                    node[key] = page.obj[key]
                    del page.obj[key]
            page.obj.Parent = node
        pdf.Root.Pages.Kids = Array([page.obj.Parent for page in pdf.pages])
        pdf.save(path)
    for before, (_, _, inherited) in zip(own, seen(path), strict=True):
        assert before.dpi == inherited.dpi
        assert np.array_equal(before.pixels, inherited.pixels)


def test_an_image_of_another_size_than_its_dictionary_says_is_cropped_by_its_own(tmp_path: Path):
    fine = np.ascontiguousarray(np.kron(SCAN, np.ones((2, 2), np.uint8)))
    with pikepdf.new() as pdf:
        data = jpeg(Image.fromarray(fine), "JPEG2000")
        image = image_of(pdf, data, None, filter=Name.JPXDecode, size=(WIDE, HIGH))
        crop = Array([round(side * 72 / DPI, 4) for side in (30, 40, 200, 300)])
        add_page(pdf, FILLING, {"/Im0": image}, (W, H), CropBox=crop)
        pdf.save(tmp_path / "a.pdf")
    ((is_scan, _, page),) = seen(tmp_path / "a.pdf")
    assert is_scan
    assert np.array_equal(page.pixels, fine[40:560, 60:400])


def test_pages_are_rendered_in_threads(tmp_path: Path):
    path = document(tmp_path / "a.pdf", ["white over it"])
    ((_, _, first),) = seen(path)
    with ThreadPoolExecutor(8) as pool:
        for page in pool.map(lambda _: next(read_document(path)), range(40)):
            assert np.array_equal(page.pixels, first.pixels)


def test_text_over_a_scan_takes_nothing_from_the_scan(tmp_path: Path):
    """Of 600 dpi, though text alone is rendered at 300."""
    path = document(tmp_path / "a.pdf", ["text over it"])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        leaf = pdf.pages[0].obj
        leaf.MediaBox = Array([0, 0, W / 8, H / 8])
        leaf.Contents = pdf.make_stream(b"0.125 0 0 0.125 0 0 cm " + leaf.Contents.read_bytes())
        pdf.save(path)
    ((_, reason, page),) = seen(path)
    assert reason == "it has text of its own"
    assert page.dpi == pytest.approx((8 * DPI, 8 * DPI))


@pytest.mark.parametrize(("clip", "is_scan"), [("", True), (f"0 0 {W} {H} re W n ", False)], ids=["no clip", "a clip"])
def test_of_long_content_clips_are_not_followed_and_so_doubted(tmp_path: Path, clip: str, is_scan: bool):
    hidden = "BT 3 Tr /F1 9 Tf " + "(words that OCR has found) Tj " * 10_000 + "ET "
    ((found, reason, page),) = seen(pdf_of(tmp_path / "a.pdf", hidden + clip + FILLING))
    assert found is is_scan
    assert reason is None
    assert np.array_equal(page.pixels, SCAN)


@pytest.mark.parametrize(("key", "value", "is_scan"), [
    ("TR", Name.Identity, True), ("TR2", Name.Default, True), ("TR", "function", False), ("TR2", "function", False),
    ("ca", 1, True), ("SMask", Name("/None"), True), ("BM", Array([Name.Normal]), True), ("BM", Name.Screen, False),
])  # fmt: skip
def test_a_graphics_state_that_may_change_the_image_is_doubted(tmp_path: Path, key: str, value: object, is_scan: bool):
    path = document(tmp_path / "a.pdf", ["a scan"])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        if value == "function":
            value = Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([1]), C1=Array([0]))
        pdf.pages[0].obj.Resources.ExtGState.State = Dictionary({f"/{key}": value})
        pdf.pages[0].obj.Contents = pdf.make_stream(("/State gs " + FILLING).encode())
        pdf.save(path)
    ((found, reason, _),) = seen(path)
    assert found is is_scan
    assert reason is None


def test_a_signed_scan_becomes_pixels_like_any_other(tmp_path: Path):
    path = pdf_of(tmp_path / "a.pdf", FILLING)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        signature = Dictionary(FT=Name.Sig, T=pikepdf.String("Signature"), V=Dictionary(Type=Name.Sig))
        pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(signature)]), SigFlags=3)
        pdf.save(path)
    ((is_scan, reason, page),) = seen(path)
    assert is_scan
    assert reason is None
    assert np.array_equal(page.pixels, SCAN)


def test_a_scan_whose_image_is_damaged_is_shown_as_viewers_show_it_and_told(tmp_path: Path):
    with pikepdf.new() as pdf:
        for data in (jpeg(Image.fromarray(SCAN)), jpeg(Image.fromarray(SCAN))[:-900]):
            add_page(pdf, FILLING, {"/Im0": image_of(pdf, data, filter=Name.DCTDecode, size=(WIDE, HIGH))}, (W, H))
        pdf.save(tmp_path / "a.pdf")
    with captured_messages(printed=False) as complaints:
        first, second = read_document(tmp_path / "a.pdf")
    assert len(complaints) == 1
    assert complaints[0].startswith("page 2, could not be read: ")
    assert complaints[0].endswith("; it is shown as PDF viewers show it")
    assert (second.width, second.height, second.dpi) == (first.width, first.height, first.dpi)
    assert np.array_equal(first.pixels[:100], second.pixels[:100])


REPLACED = (
    "turned by 90", "large units", "white under it", "white over it", "white over it, turned", "margins, turned",
    "partly off the page", "cropped, another origin", "clipped", "clipped to a triangle", "in a smaller form",
    "in a turned form", "a stamp", "a square without looks", "a field", "two images", "upside down greys",
)  # fmt: skip


@pytest.mark.parametrize("name", REPLACED)
def test_in_a_pdf_the_image_alone_is_replaced_and_the_page_looks_as_before(tmp_path: Path, name: str):
    path = document(tmp_path / "a.pdf", [name])
    assert len(enlarge(path, tmp_path / "b.pdf")) == 1
    before, after = shown(path, scale=2), shown(tmp_path / "b.pdf", scale=2)
    assert not np.array_equal(before, after)
    assert apart(before, after) < 2
