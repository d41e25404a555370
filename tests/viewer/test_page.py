"""The page of ``docsr compare`` in a real browser: by keyboard, by touch, at both widths, in light and dark."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab

from docsr.ocr.base import Word
from docsr.page import Page
from docsr.viewer.page import VIEWER, write_viewer
from docsr.viewer.sheet import make_sheet
from tests.viewer.browsing import SIZES, WAYS, opened

HOSTILE = "</script><script>document.title='run'</script>"


def drawn(text: str, scale: int) -> Page:
    pixels = np.full((90 * scale, 120 * scale), 255, np.uint8)
    cv2.putText(pixels, text, (10 * scale, 40 * scale), cv2.FONT_HERSHEY_DUPLEX, 0.5 * scale, 0, scale)
    return Page(pixels)


def words(text: str, scale: int) -> list[Word]:
    parts = text.split()
    return [
        Word(one, (10 + 30 * place) * scale, 28 * scale, 25 * scale, 14 * scale, ends_line=one == parts[-1])
        for place, one in enumerate(parts)
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Two pages: words differ on the first, and the second was not read."""
    read = {"LR": "Tbe mill 1879", "bicubic": "The mill 1879", "docsr": f"The mill 1870 {HOSTILE}", "HR": "The mill"}
    first = make_sheet("a.png", drawn("The mill", 1), drawn("The mill", 4), drawn("The mill", 8), maker="docsr")
    scales = {"LR": 1, "bicubic": 4, "docsr": 4, "HR": 8}
    known = [replace(one, words=words(read[one.name], scales[one.name])) for one in first.variants]
    second = make_sheet(f"b {HOSTILE}", drawn("A bridge", 1), drawn("A bridge", 2), maker="docsr")
    path = tmp_path_factory.mktemp("viewer") / "compare.html"
    write_viewer(path, f"in & {HOSTILE}", [replace(first, variants=known), second], lambda: [f"c.png {HOSTILE}"])
    return path


def clip(tab: Tab) -> str:
    return str(tab.locator("#pane-left").evaluate("pane => pane.style.clipPath"))


def sheet_at(pane: Locator) -> tuple[float, ...]:
    box = pane.locator(".sheet").bounding_box()
    frame = pane.bounding_box()
    assert box
    assert frame
    return tuple(round(one, 1) for one in (box["x"] - frame["x"], box["y"] - frame["y"], box["width"], box["height"]))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_all_of_it_by_keyboard(way, browser, written):
    with opened(browser, written, *way) as tab:
        slides(tab)
        zooms_and_moves(tab)
        chooses(tab)
        goes_through_differences(tab)
        turns_pages(tab)
        fits_the_window(tab)


def slides(tab: Tab) -> None:
    tab.locator("#divide").focus()
    tab.keyboard.press("Home")
    assert clip(tab) == "inset(0px 100% 0px 0px)"
    tab.keyboard.press("ArrowRight")
    assert clip(tab) == "inset(0px 99% 0px 0px)"


def zooms_and_moves(tab: Tab) -> None:
    """Both panes show the same place, in either view."""
    left, right, stage = tab.locator("#pane-left"), tab.locator("#pane-right"), tab.locator("#stage")
    stage.focus()
    assert stage.evaluate("stage => getComputedStyle(stage).outlineWidth") == "3px"
    tab.keyboard.press("0")
    whole = sheet_at(left)
    for _ in range(9):
        tab.keyboard.press("+")
    assert tab.locator("#zoom").inner_text() == "800 %"
    before = sheet_at(left)
    assert before[2] == 8 * 480 > whole[2]
    tab.keyboard.press("ArrowRight")
    assert sheet_at(left)[0] == pytest.approx(before[0] - 60)
    assert sheet_at(left) == sheet_at(right)
    tab.locator("#two").press("Enter")
    assert tab.locator("#two").get_attribute("aria-pressed") == "true"
    assert clip(tab) == "none"
    assert left.bounding_box() != right.bounding_box()
    assert sheet_at(left) == sheet_at(right)
    tab.locator("#two").press("Enter")


def chooses(tab: Tab) -> None:
    picture = tab.locator("#pane-right img")
    assert picture.get_attribute("alt") == "docsr: a.png"
    before = picture.get_attribute("src")
    tab.locator("#right").focus()
    tab.keyboard.press("ArrowDown")
    assert picture.get_attribute("alt") == "HR: a.png"
    assert picture.get_attribute("src") != before
    assert picture.evaluate("async image => (await image.decode(), image.naturalWidth)") == 960
    tab.keyboard.press("ArrowUp")
    tab.locator("#swap").press("Enter")
    assert tab.locator("#pane-left img").get_attribute("alt") == "docsr: a.png"
    tab.locator("#stage").press("s")
    assert tab.locator("#pane-left img").get_attribute("alt") == "LR: a.png"


def goes_through_differences(tab: Tab) -> None:
    assert tab.locator("#left-text mark").all_inner_texts() == ["Tbe", "1879"]
    assert tab.locator("#right-text mark").all_inner_texts() == ["The", "1870", *HOSTILE.split()]
    assert tab.locator("#counted").inner_text() == "3 words differ. From what is read in HR: LR 2, bicubic 1, docsr 2."
    tab.locator("#difference-after").press("Enter")
    expect(tab.locator("#said")).to_have_text("Difference 1 of 3: “Tbe” | “The”")
    tab.locator("#stage").press("p")
    expect(tab.locator("#said")).to_contain_text("Difference 3 of 3: (nothing) |")
    tab.locator("#stage").press("p")
    expect(tab.locator("#said")).to_have_text("Difference 2 of 3: “1879” | “1870”")
    for side in ("left", "right"):
        mark = tab.locator(f"#pane-{side} rect.now").bounding_box()
        frame = tab.locator(f"#pane-{side}").bounding_box()
        assert mark
        assert frame
        assert frame["x"] < mark["x"] < mark["x"] + mark["width"] < frame["x"] + frame["width"]
        assert mark["width"] == pytest.approx(25 / 120 * sheet_at(tab.locator(f"#pane-{side}"))[2], rel=0.1)
    assert tab.locator("#pane-left rect.missing").count() == 1
    tab.locator("#marks").press("Space")
    assert not tab.locator("#pane-left rect.now").is_visible()


def turns_pages(tab: Tab) -> None:
    tab.locator("#left").select_option(label="bicubic")
    tab.locator("#page-after").press("Enter")
    assert tab.locator("#pane-left img").get_attribute("alt") == f"bicubic: b {HOSTILE}"
    tab.locator("#left").select_option(label="LR")
    assert tab.locator("#pane-left img").get_attribute("alt") == f"LR: b {HOSTILE}"
    assert tab.locator("#page-after").is_disabled()
    assert not tab.locator("#texts").is_visible()
    assert tab.locator("#right option").all_inner_texts() == ["LR", "bicubic", "docsr"]
    tab.locator("#stage").press("PageUp")
    assert tab.locator("#pane-left img").get_attribute("alt") == "LR: a.png"
    assert tab.locator("#texts").is_visible()


def fits_the_window(tab: Tab) -> None:
    assert tab.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0
    small = tab.locator("button, select, summary, input[type=range], .check").evaluate_all(
        "all => all.filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)"
        ".map(one => one.id || one.outerHTML)"
    )
    assert small == []
    assert tab.title() == f"in & {HOSTILE}"
    assert HOSTILE in tab.locator("#notes").inner_text()


def test_by_touch(browser, written):
    with opened(browser, written, SIZES[0], "light", has_touch=True, is_mobile=True) as tab:
        stage = tab.locator("#stage").bounding_box()
        assert stage
        x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 3
        tab.locator("#zoom-fit").tap()
        whole = sheet_at(tab.locator("#pane-left"))
        session = tab.context.new_cdp_session(tab)

        def touch(kind: str, *places: tuple[float, float]) -> None:
            points = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(places)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", (x - 40, y), (x + 40, y))
        touch("touchMove", (x - 120, y), (x + 120, y))
        touch("touchEnd")
        pinched = sheet_at(tab.locator("#pane-left"))
        assert pinched[2] == pytest.approx(3 * whole[2], rel=0.02)
        touch("touchStart", (x - 60, y))
        touch("touchMove", (x - 20, y))
        touch("touchEnd")
        assert sheet_at(tab.locator("#pane-right"))[0] == pytest.approx(pinched[0] + 40, abs=1)
        handle = tab.locator("#handle").bounding_box()
        assert handle
        touch("touchStart", (x + 15, y))  # beside the line, which is thin
        touch("touchMove", (x - 90, y))
        touch("touchEnd")
        assert 20 < float(tab.locator("#divide").input_value()) < 30


def test_a_page_knows_its_own_kind(written, tmp_path):
    (tmp_path / "other.html").write_text("<!doctype html><title>mine</title>")
    assert VIEWER.wrote(written)
    assert not VIEWER.wrote(tmp_path / "other.html")
    assert not VIEWER.wrote(tmp_path / "absent.html")
