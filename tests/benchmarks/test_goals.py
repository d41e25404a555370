"""benchmarks/publish/goals.py: from where on a goal is met."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.publish import goals
from docsr.bench.summary import NO_GAP

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def settings(**errors):
    """One setting: the arms' errors in percent; the gap that auto closed of what lies between bicubic and hr."""
    cells = {
        arm: {
            "set": "typeset",
            "lr_dpi": 60.0,
            "degradation": "scan",
            "engine": "tesseract",
            "error": {"value": error / 100},
            "gap_closed": None,
            "gap_reason": NO_GAP,
            "baseline": "bicubic_x4",
            "beats_bicubic": 1,
            "digit_cer": 0.2,
            "digit_cer_bicubic": 0.1,
            "pages_harmed": 1,
            "pages": 20,
        }
        for arm, error in errors.items()
    }
    if "hr" in errors:
        bicubic, hr = errors["bicubic_x4"], errors["hr"]
        cells["auto"]["gap_closed"] = {"value": (bicubic - errors["auto"]) / (bicubic - hr)}
    return cells


BICUBIC = {"none": 60.0, "bicubic_x4": 20.0}


@pytest.mark.parametrize(
    ("words", "met", "missed"),
    [
        ("50 % of the gap", {"auto": 9.9, "hr": 0.0}, {"auto": 10.1, "hr": 0.0}),
        ("no harm", {"auto": 20.05}, {"auto": 20.15}),
        ("half of bicubic, by default or at 8x", {"auto": 12.0, "compact_x8": 9.9}, {"auto": 10.1, "compact_x8": 12.0}),
        ("5 points below bicubic", {"auto": 14.9}, {"auto": 15.1}),
        ("20 % below bicubic", {"auto": 15.9}, {"auto": 16.1}),
    ],
)
def test_a_goal_is_met_from_its_bar_on(words, met, missed):
    goal = next(goal for goal in goals.IN_ONE_SETTING if goal.words == words)
    assert goal.judge(settings(**BICUBIC, **met))[1]
    assert not goal.judge(settings(**BICUBIC, **missed))[1]


def test_where_the_original_reads_no_better_the_goal_is_no_harm():
    goal = next(goal for goal in goals.IN_ONE_SETTING if goal.words == "50 % of the gap")
    assert goal.judge(settings(**BICUBIC, auto=20.05)) == ("no gap: 20.05 against 20.00", True)
    assert not goal.judge(settings(**BICUBIC, auto=20.15))[1]
    as_it_is = settings(**(BICUBIC | {"none": 5.0}), auto=20.0)
    assert not goal.judge(as_it_is)[1], "the page as it is was read better"
    unknown = settings(**BICUBIC, auto=20.05)
    unknown["auto"]["gap_reason"] = "no HR"
    with pytest.raises(SystemExit, match="no HR"):
        goal.judge(unknown)


def test_no_two_goals_are_about_one_setting():
    about = [(goal.set, goal.lr_dpi, goal.degradation, goal.engine) for goal in goals.IN_ONE_SETTING]
    assert len(about) == len(set(about))


def cell(engine="tesseract", lr_dpi=60.0, **other):
    plain = {
        "engine": engine,
        "lr_dpi": lr_dpi,
        "beats_bicubic": 1,
        "digit_cer": 0.1,
        "digit_cer_bicubic": 0.1,
        "ink_ratio": 1.0,
        "pages_harmed": 0,
        "pages": 100,
        "champion_beats": 1,
    }
    return plain | other


@pytest.mark.parametrize(
    ("others", "what", "measured"),
    [
        ({}, "more digits wrong", "0 of 1 | yes"),
        ({"digit_cer": 0.11}, "more digits wrong", "1 of 1 | **no**"),
        ({"digit_cer": None, "digit_cer_bicubic": None}, "more digits wrong", "0 of 1 | yes"),
        ({"beats_bicubic": 0}, "read worse", "0 of 1 | yes"),
        ({"beats_bicubic": -1}, "read worse", "1 of 1 | **no**"),
        ({"ink_ratio": 0.94}, "ink below", "1 of 1 | **no**"),
        ({"ink_ratio": 0.94}, "ink above", "0 of 1 | yes"),
        ({"ink_ratio": 0.94, "engine": "rapidocr"}, "ink below", "0 of 0 | yes"),
        ({"pages_harmed": 3}, "75 dpi and below, tesseract", "3 of 100 | yes"),
        ({"pages_harmed": 4}, "75 dpi and below, tesseract", "4 of 100 | **no**"),
        ({"pages_harmed": 4, "engine": "rapidocr"}, "75 dpi and below, tesseract", "0 of 0 | yes"),
        ({"pages_harmed": 4, "engine": "rapidocr"}, "75 dpi and below, rapidocr", "4 of 100 | **no**"),
        ({"pages_harmed": 4, "lr_dpi": 100.0}, "75 dpi and below, tesseract", "0 of 0 | yes"),
        ({"pages_harmed": 1, "lr_dpi": 150.0}, "150 dpi and above, tesseract", "1 of 100 | **no**"),
        ({"pages_harmed": 4, "lr_dpi": None}, "75 dpi and below, tesseract", "0 of 0 | yes"),
    ],
)
def test_what_is_counted_over_all_settings(others, what, measured):
    (row,) = [line for line in goals.in_all_settings([{"auto": cell(**others)}]).splitlines() if what in line]
    assert row.endswith(f"| {measured} |")


@pytest.mark.parametrize(
    ("beats", "measured"), [((), "0 of 0"), ((1, 1), "0 of 1"), ((1, 0), "1 of 1"), ((-1,), "1 of 1")]
)
def test_settings_without_peers_say_nothing_of_peers(beats, measured):
    peers = dict(zip(("fsrcnn_x2", "espcn_x2"), (cell(champion_beats=sign) for sign in beats), strict=False))
    arms = {"auto": cell(), "bicubic_x2": cell(champion_beats=-1), **peers}
    (row,) = [line for line in goals.in_all_settings([arms]).splitlines() if "every peer" in line]
    assert f"| {measured} |" in row


@pytest.mark.parametrize(
    ("others", "best", "auto", "met"),
    [
        ({"compact_x2": 20.5}, "20.00 (bicubic_x4)", 19.0, "yes"),
        ({"compact_x2": 20.5}, "20.00 (bicubic_x4)", 20.29, "yes"),
        ({"compact_x2": 20.5}, "20.00 (bicubic_x4)", 20.31, "**no**"),
        ({"compact_x2": 19.0}, "19.00 (compact_x2)", 19.31, "**no**"),
        ({"compact_x2": 19.0, "none": 18.0}, "18.00 (none)", 18.29, "yes"),
        ({"compact_x2": 19.0, "none": 18.0}, "18.00 (none)", 18.31, "**no**"),
    ],
)
def test_deciding_page_by_page_may_cost_a_little(others, best, auto, met):
    told = goals.in_a_folder([settings(**(BICUBIC | others), auto=auto)])
    assert told.splitlines()[2] == f"| typeset | {best} | {auto:.2f} | {met} | 10.00 | 20.00 | 1 of 20 |"


def test_a_gap_that_may_be_chance_is_called_so():
    goal = next(goal for goal in goals.IN_ONE_SETTING if goal.words == "50 % of the gap")
    arms = settings(**BICUBIC, auto=8.0, hr=0.0)
    assert goal.judge(arms) == ("60.0 %", True)
    arms["auto"]["beats_bicubic"] = 0
    assert goal.judge(arms) == ("60.0 %, may be chance", True)


def test_what_it_costs_is_that_of_one_thread():
    row = {"arm": "compact_x4", "of_fsrcnn_x4": 1.01, "of_tesseract": 0.5, "peak_mib": 500.0}
    small = [{"arm": "small_text_x4", "threads": 1, "of_tesseract": 1.01, "peak_mib": 501.0}]
    one = [{**row, "threads": 1}, {**row, "threads": 2, "of_fsrcnn_x4": 0.5}], small
    slower = [{**row, "threads": 1, "of_fsrcnn_x4": 1.0, "of_tesseract": 0.51, "peak_mib": 600}], small
    rows = [line.split(" | ") for line in goals.cost({"new": one, "old": slower}).splitlines()[2:]]
    assert [row[1] for row in rows] == ["new"] * 5 + ["old"] * 5 + [""]
    assert [row[-1] for row in rows] == [
        *("**no** |", "yes |", "**no** |", "yes |", "**no** |"),
        *("yes |", "**no** |", "**no** |", "**no** |", "**no** |"),
        "yes |",
    ]
    with pytest.raises(SystemExit, match="compact_x4 on one thread: run make speed"):
        goals.cost({"new": ([{**row, "threads": 2}], small)})
    with pytest.raises(SystemExit, match="small_text_x4 on one thread: run make speed"):
        goals.cost({"new": ([{**row, "threads": 1}], [])})


@pytest.mark.parametrize(
    ("name", "processor", "fits"),
    [
        ("speed", "AMD EPYC (avx512_vnni)", True),
        ("speed", "AMD EPYC (avx2)", False),
        ("speed_avx2", "AMD EPYC (avx2)", True),
        ("speed_avx2_small", "AMD EPYC (avx512_vnni)", False),
    ],
)
def test_times_of_another_processor_than_the_tables_say_are_refused(tmp_path, monkeypatch, name, processor, fits):
    monkeypatch.setattr(goals, "RESULTS", tmp_path)
    found = {"machine": {"processor": processor}, "rows": [{"arm": "compact_x4"}]}
    (tmp_path / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
    if fits:
        assert goals.speed_rows(name) == found["rows"]
    else:
        with pytest.raises(SystemExit, match=f"{name}.json is of"):
            goals.speed_rows(name)
