from __future__ import annotations

from dataclasses import replace

import pytest

from docsr.bench import summary
from docsr.bench.measure import Row
from docsr.bench.report.wording import place
from docsr.bench.summary import NO_GAP, NO_HR, rank, sign_alone, summarise
from docsr.metrics.text import score_text

REFERENCE = "The harbour office opened at 7 each morning " * 5
OPTIONS = "lang eng, psm 3, thresholding_method 0, dpi as tagged"


def row(page: int, upscaler: str, factor: int, errors: int, lr_dpi: float | None = 75, **more: object) -> Row:
    """A row whose hypothesis has ``errors`` wrong characters."""
    text = "#" * errors + REFERENCE[errors:]
    found = score_text(REFERENCE, text)
    counts = {name: getattr(found, name) for name in found.__slots__}
    plain = dict.fromkeys(("x_height", "psnr", "ssim", "ink_ratio"), None)
    rates = dict.fromkeys(("cer", "wer", "word_recall", "word_precision", "digit_cer"), 0.0)
    place = {
        "page": f"p{page}",
        "set": "s",
        "lr_dpi": lr_dpi,
        "degradation": "scan",
        "engine": "tesseract",
        "engine_options": OPTIONS,
    }
    values = {**place, **counts, **rates, **plain, "seconds_upscale": 1.0, "seconds_ocr": 1.0, **more}
    return Row(upscaler=upscaler, factor=factor, **values)


def rows(hr: bool = True) -> list[Row]:
    found = []
    for page in range(12):
        found += [
            row(page, "bicubic", 2, 20 + page),
            row(page, "bicubic", 4, 16 + page),
            row(page, "net_x4", 4, 8 + page),
        ]
        if hr:
            found.append(row(page, "hr", 1, 2))
    return found


def test_bicubic_is_taken_at_its_better_size_and_bounds_the_gap() -> None:
    cells = {cell.arm: cell for cell in summarise(rows(), {})}
    assert {cell.baseline for cell in cells.values()} == {"bicubic_x4"}
    gaps = {arm: cell.gap_closed.value for arm, cell in cells.items() if cell.gap_closed is not None}
    assert gaps["bicubic_x4"] == 0
    assert gaps["hr"] == 1
    assert gaps["bicubic_x2"] < 0
    assert gaps["net_x4"] == pytest.approx((21.5 - 13.5) / (21.5 - 2))
    assert [cells[arm].beats_bicubic for arm in ("bicubic_x2", "bicubic_x4", "net_x4")] == [-1, 0, 1]
    assert [cells[arm].pages_harmed for arm in ("bicubic_x2", "bicubic_x4", "net_x4")] == [12, 0, 0]


def test_no_gap_is_said_with_its_reason() -> None:
    level = [
        replace(one, upscaler="hr", factor=1) if one.upscaler == "bicubic" and one.factor == 2 else one
        for one in rows(False)
    ]
    assert {cell.gap_reason for cell in summarise(level, {})} == {NO_GAP}
    as_it_is = [replace(one, lr_dpi=None) for one in rows(False)]
    assert {cell.gap_reason for cell in summarise(as_it_is, {})} == {NO_HR}


def test_words_missed_where_the_order_is_ambiguous() -> None:
    cell = next(cell for cell in summarise(rows(), {"s": "words"}) if cell.arm == "hr")
    assert cell.score == "words"
    assert cell.error.value == pytest.approx(1 / 40)


def test_an_arm_that_failed_on_a_page_is_left_out_and_takes_nothing_from_the_others() -> None:
    found = [one for one in rows() if not (one.upscaler == "net_x4" and one.page == "p3")]
    assert {cell.arm: cell.pages for cell in summarise(found, {})} == {"bicubic_x2": 12, "bicubic_x4": 12, "hr": 12}


def test_a_page_that_bicubic_lacks_is_left_out_for_all() -> None:
    found = [one for one in rows() if not (one.upscaler == "bicubic" and one.factor == 4 and one.page == "p3")]
    assert {cell.arm: cell.pages for cell in summarise(found, {})}["net_x4"] == 11


def test_ranking_is_by_gap_closed_and_leaves_the_ceiling_out() -> None:
    assert [one.arm for one in rank(summarise(rows(), {}))] == ["net_x4", "bicubic_x4", "bicubic_x2"]


def test_ranking_holds_an_arm_against_docsr_where_that_arm_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    """An arm that ran where the gap is easily closed is not ahead of one that ran everywhere."""
    monkeypatch.setattr(summary, "catalogue", lambda: {"net_x4": None})
    everywhere = rows() + [replace(one, lr_dpi=60.0) for one in rows()]
    peer = [replace(one, upscaler="peer", factor=4) for one in rows() if one.upscaler == "net_x4"]
    found = {one.arm: one for one in rank(summarise([*everywhere, *peer], {}))}
    assert (found["peer_x4"].cells, found["net_x4"].cells) == (1, 2)
    assert found["peer_x4"].champion_gap_closed == found["peer_x4"].gap_closed
    assert found["bicubic_x4"].champion_gap_closed == found["net_x4"].gap_closed


def test_docsr_s_best_network_is_held_against_every_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "catalogue", lambda: {"net_x4": None})
    beats = {cell.arm: cell.champion_beats for cell in summarise(rows(), {})}
    assert beats == {"bicubic_x2": 1, "bicubic_x4": 1, "net_x4": 0, "hr": -1}
    monkeypatch.setattr(summary, "catalogue", dict)
    assert {cell.champion for cell in summarise(rows(), {})} == {None}


def test_two_ways_to_run_an_engine_are_two_settings_and_are_named() -> None:
    german = OPTIONS.replace("eng", "deu")
    other = [replace(one, page=f"d{one.page}", engine_options=german, edits=one.edits + 1) for one in rows()]
    cells = summarise([*rows(), *other], {})
    assert {(cell.engine_options, cell.pages) for cell in cells} == {(OPTIONS, 12), (german, 12)}
    assert [cell for cell in cells if cell.engine_options == OPTIONS] == summarise(rows(), {})
    assert {place(cell, cells) for cell in cells} == {
        f"s, 75 dpi, scan, tesseract ({way})" for way in (OPTIONS, german)
    }
    assert {place(cell, cells[:4]) for cell in cells[:4]} == {"s, 75 dpi, scan, tesseract"}
    assert {one.cells for one in rank(cells)} == {2}


def test_what_is_beyond_chance_in_one_setting_may_be_chance_among_many() -> None:
    """Eight pages that all gain give p = 2 / 2^8, which is enough for one setting and not for ten."""
    few = [one for one in rows(False) if int(one.page[1:]) < 8]
    one = {cell.arm: cell for cell in summarise(few, {})}
    assert (one["net_x4"].p_value, one["net_x4"].beats_bicubic) == (2 / 2**8, 1)
    assert one["bicubic_x4"].p_value == 1, "it is what the others are compared with"
    many = [replace(row, lr_dpi=dpi) for row in few for dpi in range(100, 110)]
    cells = [cell for cell in summarise(many, {}) if cell.arm == "net_x4"]
    assert {(cell.p_value, cell.beats_bicubic) for cell in cells} == {(2 / 2**8, 0)}
    assert {sign_alone(cell.gain, cell.pages) for cell in cells} == {1}


def test_docsr_s_own_question_is_not_corrected_for_other_arms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "catalogue", lambda: {"net_x4": None})
    few = [one for one in rows(False) if int(one.page[1:]) < 6]
    others = [replace(one, upscaler=f"net{number}") for one in few if one.factor == 2 for number in range(3)]
    cells = {cell.arm: cell for cell in summarise([*few, *others], {})}
    assert cells["net_x4"].champion == "net_x4"
    assert (cells["net_x4"].p_value, cells["net_x4"].beats_bicubic) == (2 / 2**6, 1)
    assert (cells["net0_x2"].p_value, cells["net0_x2"].beats_bicubic) == (2 / 2**6, 0)
    assert cells["net_x4"].champion_p_value == 1
    assert cells["net0_x2"].champion_beats == 0


def test_few_pages_prove_nothing() -> None:
    few = [one for one in rows() if one.page in {"p0", "p1", "p2"}]
    cells = summarise(few, {})
    assert {cell.beats_bicubic for cell in cells} == {0}
    assert {cell.gap_closed for cell in cells} == {None}
    assert rank(cells) == []
