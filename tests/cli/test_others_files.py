"""What a command did not write is not replaced unasked by the file that an option names: it is told by its content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docsr import train as training
from docsr.batch.results import REPORT, PageResult
from docsr.bench.results import FILES
from docsr.export import NETWORK
from docsr.io.paths.own_files import OwnFile
from tests.command import docsr, picture

OTHERS = [b'{"mine": 1}', b"[1, 2]", b'[\n {\n  "input": "a.png"\n }\n]', b'[{"input": "a", "output": 1, "page": 1}]']
FAST = ("--factor", "2", "--model", "bicubic")
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    picture().save("a.png")
    return lambda *words: docsr(capsys, monkeypatch, *words)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["", "dry"])
@pytest.mark.parametrize("content", OTHERS, ids=range(len(OTHERS)))
def test_a_report_replaces_no_file_of_others_unasked(run: Any, content: bytes, dry: tuple[str, ...]):
    mine = Path("mine.json")
    mine.write_bytes(content)
    wish = ("enhance", "a.png", "--out", "o", *FAST, *dry, "--report", mine)
    ran = run(*wish)
    assert (ran.code, ran.out, mine.read_bytes()) == (2, "", content)
    assert ran.err == (
        "docsr: error: mine.json is there already and was not written by docsr enhance: choose another name, or "
        "replace it with --overwrite\n"
    )
    assert not Path("o").exists()
    assert run(*wish, "--overwrite").code == 0
    assert json.loads(mine.read_text())[0]["input"] == "a.png"


def test_a_report_replaces_an_earlier_one_and_an_empty_file(run: Any):
    Path("r.json").touch()
    wish = ("enhance", "a.png", "--out", "o", *FAST, "--report", "r.json")
    for status in ("done", "skipped", "skipped"):
        assert run(*wish).code == 0
        assert [row["status"] for row in json.loads(Path("r.json").read_text())] == [status]
    Path("r.json").write_text(json.dumps(json.loads(Path("r.json").read_text())))  # as another program writes it
    assert run(*wish).code == 0
    Path("r.json").write_text("[]\n")  # of a run that was stopped before its first page
    assert run(*wish).code == 0


@pytest.mark.parametrize(
    "name", ['a "b" \\ c.png', "x" * 250 + "/" + "\udcff" * 250, "漢" * 80], ids=["", "long", "hanzi"]
)
def test_a_report_is_known_whatever_its_names_are(tmp_path: Path, name: str):
    rows = [PageResult(name, name, 1, "done").as_row()] * 2
    (tmp_path / "r.json").write_text(f"{json.dumps(rows, indent=1)}\n")
    assert REPORT.wrote(tmp_path / "r.json")


def test_a_link_that_leads_nowhere_is_told_before_the_work(run: Any):
    Path("r.json").symlink_to("gone.json")
    ran = run("enhance", "a.png", "--out", "o", *FAST, "--report", "r.json")
    assert (ran.code, Path("o").exists()) == (2, False)


@pytest.mark.parametrize("name", [*FILES, "rows.jsonl"])
def test_a_benchmark_replaces_no_file_of_others(run: Any, name: str):
    Path("o").mkdir()
    Path("pages").mkdir()
    picture().save("pages/a.png")
    Path("pages/a.txt").write_text("a")
    Path("o", name).write_text("# Mine\n")
    wish = ("benchmark", "pages", "--out", "o", "--engine", "null", "--upscaler", "bicubic")
    ran = run(*wish)
    assert (ran.code, [path.name for path in Path("o").iterdir()], Path("o", name).read_text()) == (
        2,
        [name],
        "# Mine\n",
    )
    assert f"o/{name} is there already and was not written by docsr benchmark: choose another --out" in ran.err
    Path("o", name).unlink()
    for _ in range(2):
        assert run(*wish).code == 0


@pytest.mark.parametrize("name", ["results.json", "report.md"])
def test_earlier_benchmarks_are_known(name: str):
    earlier = list(RESULTS.glob(f"*/{name}"))
    assert earlier
    assert all(map(FILES[name].wrote, earlier))


def test_an_export_replaces_no_network_of_others(run: Any):
    Path("mine.onnx").write_bytes(b"another's")
    ran = run("export", "checkpoint.safetensors", "--out", "mine.onnx")
    assert (ran.code, Path("mine.onnx").read_bytes()) == (2, b"another's")
    assert "mine.onnx is there already and was not written by docsr export: choose another name" in ran.err


def test_shipped_networks_are_known_as_exported():
    shipped = list((Path(training.__file__).parent / "weights").glob("*.onnx"))
    assert shipped
    assert all(map(NETWORK.wrote, shipped))


@pytest.mark.parametrize("name", ["config.yaml", "checkpoint.safetensors", "curves.png"])
def test_a_new_run_replaces_no_file_of_others(run: Any, name: str):
    Path("o").mkdir()
    Path("o", name).write_text("factor: 2  # mine\n")
    ran = run("train", "--factor", 2, "--data", "p", "--out", "o")
    assert (ran.code, Path("o", name).read_text()) == (2, "factor: 2  # mine\n")
    assert f"o/{name} exists already and belongs to no run that could go on: choose another --out" in ran.err


def test_what_is_no_file_is_nobodys_own(tmp_path: Path):
    own = OwnFile("docsr", REPORT.holds, "no")
    assert not own.wrote(tmp_path)
    assert not own.wrote(tmp_path / "gone")
    assert own.refusal(tmp_path / "gone") is None
    assert own.refusal(tmp_path) is not None
