"""The x-height of rendered pages is known; what is measured must be near it."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from docsr.decide.text_size import measure
from docsr.page import Pixels

FONTS = {
    "sans": "dejavu/DejaVuSans.ttf",
    "serif": "liberation2/LiberationSerif-Regular.ttf",
    "monospace": "liberation2/LiberationMono-Regular.ttf",
}
SIZES = (4, 6, 9, 14, 22, 40)
PROSE = (
    "The harbour office opened at 7 each morning, and by 8 the clerks had entered every vessel in the long ledger. "
    "Mr Whitlock kept the keys; nobody else was trusted with them. In 1894 a storm took the roof, yet the books "
    "survived, dry inside an oak chest that had belonged to his grandmother. We copied 312 pages by hand that winter. "
) * 12
OVERSAMPLING = 3
"""Pages are drawn larger and averaged down, so that no hinting changes the size of the letters."""


def font_file(name: str) -> str:
    path = Path("/usr/share/fonts/truetype", FONTS[name])
    assert path.exists(), f"{path} is missing: apt-get install fonts-dejavu-core fonts-liberation2"
    return str(path)


def x_height_of_em(path: str) -> float:
    box = ImageFont.truetype(path, 1000).getbbox("x", anchor="ls")
    return (box[3] - box[1]) / 1000


def rendered(name: str, x_height: float, ruled: bool = False) -> Pixels:
    path = font_file(name)
    size = (700, 450) if x_height < 16 else (1300, 900)
    width, height = size[0] * OVERSAMPLING, size[1] * OVERSAMPLING
    em = x_height * OVERSAMPLING / x_height_of_em(path)
    font = ImageFont.truetype(path, em)
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    margin, y, words = 2 * x_height * OVERSAMPLING, 2 * x_height * OVERSAMPLING, PROSE.split()
    while y < height - margin - em and words:
        line = words.pop(0)
        while words and font.getlength(f"{line} {words[0]}") < width - 2 * margin:
            line += f" {words.pop(0)}"
        draw.text((margin, y), line, font=font, fill=10)
        y += 1.25 * em
        if ruled:
            draw.line((0, y, width, y), fill=0, width=max(OVERSAMPLING, round(em / 20)))
    return cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def blurred(page: Pixels, x_height: float) -> Pixels:
    return cv2.GaussianBlur(page, (0, 0), min(0.22 * x_height, 1.2)).astype(np.uint8)


def noisy(page: Pixels, x_height: float, sigma: float = 14.0) -> Pixels:
    noise = np.random.default_rng(7).normal(0, sigma, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def faint(page: Pixels, x_height: float) -> Pixels:
    return (110 + 0.4 * page).astype(np.uint8)


def jpeg(page: Pixels, x_height: float) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "JPEG", quality=40)
    return np.array(Image.open(buffer))


def scanned(page: Pixels, x_height: float) -> Pixels:
    return jpeg(noisy(faint(blurred(page, x_height), x_height), x_height, 6.0), x_height)


def inverted(page: Pixels, x_height: float) -> Pixels:
    return 255 - page


def bilevel(page: Pixels, x_height: float) -> Pixels:
    return np.where(page < 150, 0, 255).astype(np.uint8)


def pictured(page: Pixels, x_height: float) -> Pixels:
    height, width = page.shape[0] // 3, page.shape[1] // 3
    seed = np.random.default_rng(3).integers(0, 255, (12, 12)).astype(np.uint8)
    page = page.copy()
    page[height : 2 * height, width : 2 * width] = cv2.resize(seed, (width, height), interpolation=cv2.INTER_CUBIC)
    return page


def coloured(page: Pixels, x_height: float) -> Pixels:
    return np.stack([page, np.maximum(page, 40), np.maximum(page, 120)], axis=2)


def clean(page: Pixels, x_height: float) -> Pixels:
    return page


KINDS: list[Callable[[Pixels, float], Pixels]] = [
    clean, blurred, noisy, faint, jpeg, scanned, inverted, bilevel, pictured, coloured,
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("sans", (4,)),
        ("serif", (14,)),
        ("monospace", (6,)),
        *(pytest.param(name, SIZES, marks=pytest.mark.slow) for name in FONTS),
    ],
)
def test_x_height_of_rendered_pages(name: str, sizes: tuple[int, ...]):
    errors = {}
    for size in sizes:
        page, table = rendered(name, size), rendered(name, size, ruled=True)
        for kind in KINDS:
            if kind is bilevel and size < 6:
                continue  # one bit per pixel leaves no letters at 4 px
            found = measure(kind(page, size))
            errors[kind.__name__, size] = abs(found.x_height / size - 1) if found else 1.0
        found = measure(table)
        errors["ruled", size] = abs(found.x_height / size - 1) if found else 1.0
    assert max(errors.values()) <= 0.35, sorted(errors.items(), key=lambda item: -item[1])[:5]
    assert np.median(list(errors.values())) <= 0.10


@pytest.mark.parametrize(
    ("name", "quarters", "x_heights"),
    [
        ("sans", 1, (4, 9)),
        ("serif", 3, (6,)),
        *(pytest.param(name, way, (4, 6, 9, 22), marks=pytest.mark.slow) for name in FONTS for way in (1, 3)),
    ],
)
def test_a_page_on_its_side_is_measured_as_one_that_stands(name: str, quarters: int, x_heights: tuple[int, ...]):
    for x_height in x_heights:
        page = blurred(rendered(name, x_height), x_height)
        standing, lying = measure(page), measure(np.ascontiguousarray(np.rot90(page, quarters)))
        assert standing is not None
        assert lying is not None
        assert lying.x_height == pytest.approx(standing.x_height, rel=0.06), x_height


def test_a_form_with_rules_and_few_labels_is_no_page_on_its_side():
    page = Image.new("L", (754, 1000), 255)
    draw, path = ImageDraw.Draw(page), font_file("sans")
    draw.text((230, 85), "MEDIA CONTACT SHEET", font=ImageFont.truetype(path, 24), fill=0)
    for y, label in ((155, "(Publication or station)"), (190, "(Name)"), (765, "Additional comments")):
        draw.text((55, y), label, font=ImageFont.truetype(path, 12), fill=0)
    for y in range(300, 940, 25):
        draw.line((48, y, 726, y + y % 3), fill=0)
    found = measure(np.asarray(page))
    assert found is not None
    assert found.letters / found.lines > 5


def test_capitals_count_as_the_lower_case_they_go_with():
    path = font_file("sans")
    image = Image.new("L", (900, 300), 255)
    font = ImageFont.truetype(path, 24)
    for row in range(6):
        ImageDraw.Draw(image).text((20, 20 + 40 * row), "TOTAL AMOUNT DUE 1234.50 BY THE END", font=font, fill=0)
    found = measure(np.array(image))
    assert found is not None
    assert found.x_height == pytest.approx(24 * x_height_of_em(path), rel=0.15)


def test_lines_and_spread_of_one_size():
    found = measure(rendered("sans", 12))
    assert found is not None
    assert found.lines >= 5
    assert found.spread < 0.15


def test_spread_tells_two_sizes():
    small, large = rendered("sans", 10), rendered("sans", 14)
    found = measure(np.vstack([small, large]))
    assert found is not None
    assert found.spread > 0.2


def test_a_sparse_page_with_an_odd_white_keeps_its_polarity():
    page = np.full((900, 700), 255, np.uint8)
    page[:225, :] = faint(rendered("sans", 10), 10)[:225] // 2 + 128
    found = measure(page)
    assert found is not None
    assert found.x_height == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_page_has_no_text(value: int):
    assert measure(np.full((400, 300), value, np.uint8)) is None


def test_noise_alone_has_no_text():
    assert measure(noisy(np.full((600, 500), 230, np.uint8), 1.0, 6.0)) is None


@pytest.mark.parametrize("shape", [(1, 1), (7, 500), (40, 3), (9, 9, 3)])
def test_tiny_pages_are_no_error(shape: tuple[int, ...]):
    assert measure(np.zeros(shape, np.uint8)) is None


def test_small_print_on_a_large_page_is_found():
    text = rendered("serif", 6)
    page = np.full((3300, 2500), 255, np.uint8)
    for top in range(200, 2900, 450):
        for left in (300, 1100):
            page[top : top + 450, left : left + 700] = text
    found = measure(page)
    assert found is not None
    assert found.x_height == pytest.approx(6, rel=0.2)


@pytest.mark.slow_except("shape0", "shape1", "shape2", "shape3", "shape4", "shape5")
@pytest.mark.parametrize(
    "shape",
    [
        (8, 4000),
        pytest.param((12, 9000), marks=pytest.mark.slow),
        pytest.param((15, 60_000), marks=pytest.mark.slow),
        pytest.param((16, 200_000), marks=pytest.mark.slow),
        (9, 60),
        pytest.param((200_000, 9), marks=pytest.mark.slow),
        (20_000, 9),
    ],
)
def test_strips_are_measured_without_an_error_in_bounded_memory(shape: tuple[int, int]):
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    tracemalloc.start()
    try:
        measure(noise)
        assert tracemalloc.get_traced_memory()[1] < 400e6
    finally:
        tracemalloc.stop()


def test_the_rows_of_a_large_page_are_weighed_in_bands():
    page = np.full((5000, 4000), 255, np.uint8)
    tracemalloc.start()
    try:
        measure(page)
        assert tracemalloc.get_traced_memory()[1] < 3 * page.nbytes
    finally:
        tracemalloc.stop()
