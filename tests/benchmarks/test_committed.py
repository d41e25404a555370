"""What is shown together is corrected together, and what a mark says follows from that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.publish import committed, experiments
from benchmarks.publish.committed import alone, reported, together
from benchmarks.publish.result_tables import _row, headline_table, results_table
from docsr.bench.results import read_results
from docsr.bench.summary import rank, summarise

FILES = sorted((Path(__file__).parents[2] / "benchmarks").rglob("results.json"))
KEPT = ("value", "low", "high")


def cell(p_value: float, gain: float = 0.1, pages: int = 12, **other: Any) -> dict[str, Any]:
    interval = dict(zip(KEPT, (gain, gain - 0.05, gain + 0.05), strict=True))
    mine = {"gain": interval, "p_value": p_value, "beats_bicubic": 9, "champion_beats": 9, "pages": pages}
    return mine | {"champion_gain": interval, "champion_p_value": p_value} | other


@pytest.mark.slow_but_one_in(5)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_committed_summaries_follow_from_their_rows(path):
    results = read_results(path)
    cells = summarise(results.rows, {one.set: one.score for one in results.summary})
    assert cells == list(results.summary)
    assert rank(cells) == list(results.ranking)


def test_each_question_is_a_family_of_its_own():
    found = [("s", {"auto": cell(0.03), "compact_x2": cell(0.03), "lanczos_x2": cell(0.03), "none": cell(0.001)})]
    ((_, alone_),) = together(found)
    assert (alone_["auto"]["beats_bicubic"], alone_["compact_x2"]["beats_bicubic"]) == (1, 1)
    assert alone_["lanczos_x2"]["champion_beats"] == 1
    assert alone_["none"] == found[0][1]["none"], "no table compares it"
    twice = together([*found, ("s", {"auto": cell(0.9), "compact_x2": cell(0.001, -0.2)})])
    assert [cells["auto"]["beats_bicubic"] for _, cells in twice] == [0, 0], "0.03 is too much for two settings"
    assert [cells["compact_x2"]["beats_bicubic"] for _, cells in twice] == [1, -1]
    assert twice[0][1]["lanczos_x2"]["champion_beats"] == 1
    assert found[0][1]["auto"]["beats_bicubic"] == 9, "what was read stays as it is"


def test_settings_with_too_few_pages_are_no_comparison():
    few = together([("s", {"auto": cell(0.03)}), ("s", {"auto": cell(0.25, pages=3)})])
    assert few[0][1]["auto"]["beats_bicubic"] == 1
    assert alone(few[1][1]["auto"]) == 0


def test_no_more_is_beyond_chance_on_a_page_than_its_own_intervals_say():
    committed.reported.cache_clear()
    every = [cells["auto"] for _, cells in reported() if "auto" in cells]
    sure = [one for one in every if one["beats_bicubic"]]
    perhaps = [one for one in every if alone(one)]
    assert 0 < len(sure) < len(perhaps) < len(every)
    assert all(one["beats_bicubic"] == alone(one) for one in sure)
    assert min(one["pages"] for one in sure) > 8, "so few pages cannot prove anything among so many settings"


@pytest.mark.parametrize(
    ("beats", "low", "mark", "gap"), [(1, 0.05, " ▲", "50 %"), (0, 0.05, " △", "(50 %)"), (0, -0.05, "", "(50 %)")]
)
def test_a_mark_is_full_beyond_chance_and_hollow_by_itself(beats, low, mark, gap):
    cells = dict(next(cells for _, cells in reported() if cells.get("auto", {}).get("gap_closed")))
    interval = {"value": 0.1, "low": low, "high": 0.2}
    cells["auto"] |= {"beats_bicubic": beats, "gain": interval, "gap_closed": {"value": 0.5, "low": 0, "high": 1}}
    row = _row(cells)
    assert row[6].endswith(f"**{mark}")
    assert row[8] == gap
    assert mark in results_table([cells])


def test_the_readme_says_which_gains_may_be_chance():
    rows = headline_table([cells for _, cells in reported() if "auto" in cells]).splitlines()[2:]
    said = {row.split(" | ")[0].strip("| "): "may be chance" in row for row in rows}
    assert said["old books, 60 dpi scan (17)"] is False
    assert any(said.values())


def test_recipes_are_corrected_for_all_recipes_and_both_engines():
    signs = experiments.signs()
    told = [json.loads((experiments.RESULTS / suite / "results.json").read_bytes()) for suite in ("typeset", "forms")]
    assert len(signs) == sum(len(one["summary"]) for one in told)
    assert set(signs.values()) == {0}, "six and eight pages prove nothing among so many"
