"""benchmarks/goals.py: from where on a goal is met."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def goals(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("goals")


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
        }
        for arm, error in errors.items()
    }
    if "hr" in errors:
        bicubic = min(errors["bicubic_x2"], errors["bicubic_x4"])
        cells["auto"]["gap_closed"] = {"value": (bicubic - errors["auto"]) / (bicubic - errors["hr"])}
    return cells


BICUBIC = {"none": 60.0, "bicubic_x2": 22.0, "bicubic_x4": 20.0}


@pytest.mark.parametrize(
    ("words", "met", "missed"),
    [
        ("50 % of the gap", {"auto": 9.9, "hr": 0.0}, {"auto": 10.1, "hr": 0.0}),
        ("at most 0.1 above bicubic and as it is", {"auto": 20.05}, {"auto": 20.15}),
        ("half of bicubic, by auto or at 8x", {"auto": 12.0, "compact_x8": 9.9}, {"auto": 10.1, "compact_x8": 12.0}),
        ("5 points below bicubic", {"auto": 14.9}, {"auto": 15.1}),
        ("20 % below bicubic", {"auto": 15.9}, {"auto": 16.1}),
    ],
)
def test_a_goal_is_met_from_its_bar_on(goals, words, met, missed):
    goal = next(goal for goal in goals.IN_ONE_SETTING if goal.words == words)
    assert goal.judge(settings(**BICUBIC, **met))[1]
    assert not goal.judge(settings(**BICUBIC, **missed))[1]


def test_where_the_original_reads_no_better_the_goal_is_no_harm(goals):
    goal = next(goal for goal in goals.IN_ONE_SETTING if goal.words == "50 % of the gap")
    assert goal.judge(settings(**BICUBIC, auto=20.05)) == ("20.05 against 20.00", True)
    assert not goal.judge(settings(**BICUBIC, auto=20.15))[1]
    as_it_is = settings(**(BICUBIC | {"none": 5.0}), auto=20.0)
    assert not goal.judge(as_it_is)[1], "the page as it is was read better"


def test_each_goal_is_about_settings_that_are_told_apart(goals):
    cell = settings(**BICUBIC, auto=10.0)["auto"]
    assert [goal.words for goal in goals.IN_ONE_SETTING if goal.is_of(cell)] == ["50 % of the gap"]
    assert not any(goal.is_of(cell | {"engine": "other"}) for goal in goals.IN_ONE_SETTING)
