"""Model cards, and the tables and plots of the README and docs/, say what the committed results say."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import where_used
from docsr.bench.arms import taken
from docsr.bench.peers import PEERS
from docsr.bench.results import SCHEMA
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import LARGEST_AUTO_FACTOR, SQUARE_ENOUGH
from docsr.io.paths.manifest import sha256_of
from docsr.square import STANDARD_FAX
from docsr.weights import catalogue

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*/results.json"))
PUBLISH = [sys.executable, "-m", "benchmarks.publish.everything", "--check"]
GUARD = [sys.executable, "-m", "benchmarks.publish.guard_document"]


@pytest.mark.parametrize(
    ("gains", "used"),
    [([-1.0, 0.1], True), ([-1.01, 5.0], False), ([0.0, 0.0], False), ([-0.5, 0.0], False), ([0.1], True)],
)
def test_a_network_is_used_where_it_helps_and_costs_no_more_than_a_letter_a_page(monkeypatch, gains, used):
    assert where_used.helps(gains) is used


@pytest.mark.parametrize(("smaller", "larger", "worth"), [(100, 94.9, True), (100, 95.1, False), (0, 0, False)])
def test_four_times_the_pixels_must_leave_clearly_fewer_errors(monkeypatch, smaller, larger, worth):
    assert where_used.is_worth_it(smaller, larger) is worth


@pytest.mark.parametrize("engine", MEASURED_ENGINES)
def test_the_largest_factors_taken_unasked_are_the_largest_that_are_worth_it_on_tune(monkeypatch, engine):
    assert where_used.largest_network(engine) == where_used.largest_bicubic(engine) == LARGEST_AUTO_FACTOR[engine]


@pytest.mark.parametrize("engine", MEASURED_ENGINES)
def test_networks_for_small_text_read_tune_with_fewer_errors_than_what_they_go_before(monkeypatch, engine):
    assert where_used.saved_by_dense(engine) > 0


def test_faxes_of_the_text_sizes_on_tune_are_not_enlarged_by_bicubic(monkeypatch):
    faxes = where_used.tuned("tesseract", fax=True)
    for degradations in faxes.edits.values():
        for arms in degradations.values():
            if "bicubic_x2" in arms:
                assert where_used._a_page(arms, "bicubic_x1") < where_used._a_page(arms, "bicubic_x2")
    smallest = min(map(min, faxes.heights.values())) * math.sqrt(STANDARD_FAX)
    assert smallest == pytest.approx(SQUARE_ENOUGH, abs=0.1)


@pytest.mark.parametrize(
    ("row", "x_heights", "tesseract", "rapidocr"),
    [
        ("below 2.4 px, which is past help", (1.0, 2.3), ("bicubic", 4), ("bicubic", 2)),
        ("2.4 to 4.7 px", (2.4, 4.7), ("small_text_x4", 4), ("small_text_x2", 2)),
        ("4.8 to 8.6 px", (4.8, 8.6), ("compact_x4", 4), ("bicubic", 2)),
        ("8.7 to 9.1 px", (8.7, 9.1), ("compact_x2", 2), ("bicubic", 2)),
        ("9.2 to 17.3 px", (9.2, 17.3), ("bicubic", 2), ("bicubic", 2)),
        ("17.4 px and more", (17.4, 100.0), ("none", 1), ("none", 1)),
    ],
)
def test_each_engine_gets_what_the_page_on_decisions_says(row, x_heights, tesseract, rapidocr):
    lines = (ROOT / "docs" / "how-it-decides.md").read_text(encoding="utf-8").splitlines()
    (cells,) = [cells for line in lines if row in (cells := line.strip("| ").split(" | "))]
    told = {"tesseract": cells[-2], "rapidocr": cells[-1]}
    for engine, (model, factor) in (("tesseract", tesseract), ("rapidocr", rapidocr)):
        plans = {(plan.model, plan.factor) for plan in (taken(x, engine) for x in x_heights)}
        assert plans == {(model, factor)}
        words = {"bicubic": f"bicubic at {factor}x", "none": "the page is copied"}.get(model, model)
        assert told[engine] in {words, "the same"}


def test_what_is_published_follows_from_the_results():
    ran = subprocess.run(PUBLISH, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
def test_committed_results_can_be_made_again(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["schema"] == SCHEMA
    assert found["command"].startswith("docsr benchmark ")
    assert f"benchmarks/suites/{path.parent.name}.yaml" in found["command"].split()
    assert not [word for word in found["command"].split() if word.startswith("/")], "a path of one machine"
    assert {"processor", "cores", "libraries"} <= found["machine"].keys()
    assert path.with_name("report.md").is_file()


def test_the_crops_are_those_of_the_networks_that_ship():
    page = (ROOT / "docs" / "crops.md").read_text(encoding="utf-8")
    for name, card in catalogue().items():
        assert f"{name} {(sha256_of(card.path) or 'missing')[:8]}" in page, "run make crops"
    for picture in re.findall(r"\((crops/.*?\.jpg)\)", page):
        assert (ROOT / "docs" / picture).is_file()


def test_what_is_said_of_the_guard_was_measured_with_the_networks_that_ship():
    ran = subprocess.run([*GUARD, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((ROOT / "benchmarks" / "results" / "guard.json").read_text(encoding="utf-8"))
    networks = {name: sha256_of(card.path) for name, card in catalogue().items()}
    assert found["networks"] == networks, "run make guard"
    assert not [row for row in found["ordinary"] if row["touched"]]
    assert all(row["guard"] < 0.03 * row["network_seconds"] for row in found["times"])
    pictures = re.findall(r"\((guard/.*?\.png)\)", (ROOT / "docs" / "guard.md").read_text(encoding="utf-8"))
    assert sorted(pictures) == sorted(f"guard/{path.name}" for path in (ROOT / "docs" / "guard").iterdir())
    assert sum((ROOT / "docs" / picture).stat().st_size for picture in pictures) < 600_000


@pytest.mark.parametrize("document", ["README.md", "docs/gans.md"])
def test_what_is_said_of_digits_in_small_text_was_measured(document):
    found = json.loads((ROOT / "benchmarks" / "results" / "small_digits.json").read_text(encoding="utf-8"))
    said = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    won, lost = found["won"], found["lost"]
    ways = [
        f"{found['numbers']:,} numbers of five digits, in text of 4.5-7.1 px under heavy noise, {lost}",
        f"Of {found['numbers']:,} five-digit numbers in noisy text of 4.5-7.1 px, docsr corrected {won} that bicubic "
        f"got wrong, and broke {lost} that bicubic got right.",
    ]
    assert any(way in said for way in ways)
    assert f"{won} the other way" in said or ways[1] in said
    assert {row["model"] for row in found["rows"]} <= set(catalogue())
    assert (found["digits_of_a_number"], found["most_put_back_of_a_page"]) == (5, 0.0)


def test_the_proof_has_peers_of_many_projects_and_two_engines():
    found = json.loads((ROOT / "benchmarks" / "results" / "typeset" / "results.json").read_text(encoding="utf-8"))
    ran = {cell["arm"] for cell in found["summary"]} & set(PEERS)
    assert len(ran) >= 8
    assert len({PEERS[name].project for name in ran}) >= 5
    assert {cell["engine"] for cell in found["summary"]} == {"tesseract", "rapidocr"}
