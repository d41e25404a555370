"""Workers in a sandbox do what they are for, and nothing else; where there is none, that is said or passed over."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import coverage
import pytest
from pikepdf import Name
from PIL import Image

from docsr.errors import UsageError
from docsr.pool import Sandbox, SingleWorker, landlock, run_in_processes, why_none
from docsr.pool import sandbox as module
from tests.batch.test_format_matrix import KINDS
from tests.command import docsr, picture, ran
from tests.decide.test_script import drawn
from tests.formats.kinds import Kind
from tests.hostile import ATTACKS, Prey, allowed, attacked, ends, lost, rights
from tests.io.pdf.files import image_of, made
from tests.io.pdf.test_jbig2 import stream
from tests.upscalers.onnx_files import conv_network
from tests.upscalers.test_torch import checkpoint

here = pytest.mark.skipif(why_none() is not None, reason=f"no sandbox on this system: {why_none()}")
WISHES = ("on", "off")


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers write what coverage finds in them."""
    if coverage.Coverage.current() is None:
        return
    made = landlock.Rules.__init__

    def with_data(rules: landlock.Rules) -> None:
        made(rules)
        rules.allow(Path(__file__).parents[2], landlock.WRITE)

    monkeypatch.setattr(landlock.Rules, "__init__", with_data)


@pytest.fixture(scope="module")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    """A page to read, a folder to write in, and what is none of a worker's business."""
    place = tmp_path_factory.mktemp("prey")
    home, out, pages = place / "home", place / "out", place / "pages"
    with closing(socket.create_server(("127.0.0.1", 0))) as listening, socket.socket(socket.AF_UNIX) as local:
        home.mkdir()
        local.bind(os.path.relpath(home / "socket"))
        local.listen()
        yield Prey("", pages / "page.png", out, home, listening.getsockname()[1])


def came_of(sandbox: Sandbox | None, prey: Prey) -> dict[str, str]:
    """Every attack in one worker, each on a whole prey: name -> what came of it."""
    found = {}
    with closing(SingleWorker(attacked, lost, sandbox=sandbox)) as apart:
        for name in ATTACKS:
            made_whole(prey)
            found[name] = apart(replace(prey, attack=name))
    return found


def made_whole(prey: Prey) -> None:
    """Put everything in its place; files that are there stay the same files."""
    for folder in (prey.out, prey.page.parent):
        folder.mkdir(exist_ok=True)
    for path in prey.out.iterdir():
        path.unlink()
    for file in (prey.secret, prey.page.parent / "beside", prey.page, prey.out / "made"):
        file.write_bytes(b"content")


@here
def test_attacks_succeed_without_a_sandbox_and_fail_in_it(prey: Prey) -> None:
    outside = came_of(None, prey)
    optional = {"opens a ring", "changes an attribute"}  # some systems let nobody
    assert {name for name, result in outside.items() if result != "done"} <= optional
    made_whole(prey)
    inside = came_of(Sandbox((prey.page,), (prey.out,)), prey)
    newer = {"signals its parent"} if landlock.version() < 6 else set()
    refused = {"EACCES", "EPERM", "EXDEV"}
    assert {name: result for name, result in inside.items() if result not in refused and name not in newer} == {}
    assert prey.page.read_bytes() == prey.secret.read_bytes() == b"content"
    assert not (prey.out / "secret").exists()


@here
def test_what_a_worker_needs_it_may(prey: Prey) -> None:
    made_whole(prey)
    with closing(SingleWorker(allowed, lost, sandbox=Sandbox((prey.page,), (prey.out,), required=True))) as apart:
        assert apart(prey) == [b"content", b"cont"]


@here
def test_root_keeps_what_opens_files_alone() -> None:
    with closing(SingleWorker(rights, lost, sandbox=Sandbox())) as apart:
        assert int(apart(0), 16) & ~0b11111 == 0


@here
def test_a_worker_that_dies_is_replaced_by_one_in_the_sandbox() -> None:
    results = run_in_processes(ends, [0, 1, 2], jobs=2, on_crash=lost, sandbox=Sandbox())
    assert dict(results) == {0: "did 0", 1: "lost 1", 2: "did 2"}


@here
@pytest.mark.parametrize("required", [True, False])
def test_where_no_worker_begins_in_it_that_is_told(
    required: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_SYSTEM", ())
    monkeypatch.setattr(module, "_installed", lambda: iter(()))
    monkeypatch.setattr("docsr.pool.processes._told", set())

    def done() -> list[tuple[int, str]]:
        return list(run_in_processes(ends, [0, 2], jobs=1, on_crash=lost, sandbox=Sandbox(required=required)))

    if required:
        with pytest.raises(UsageError, match="no process starts in it"):
            done()
    else:
        assert sorted(done()) == [(0, "did 0"), (2, "did 2")]
        assert "files are read without a sandbox" in caplog.text


@here
def test_this_process_keeps_its_rights(tmp_path: Path) -> None:
    assert dict(run_in_processes(ends, [0], jobs=1, on_crash=lost, sandbox=Sandbox())) == {0: "did 0"}
    (tmp_path / "new").write_bytes(Path("/etc/passwd").read_bytes())
    socket.socket().close()


def told(out: Path, report: Path) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """What a run said of its pages, and what it wrote."""
    rows = [
        {key: str(value).replace(str(out), "OUT") for key, value in row.items() if "seconds" not in key}
        for row in json.loads(report.read_text())
    ]
    return sorted(rows, key=str), {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".docsr-manifest" not in path.name
    }


SUFFIXES = {Path(name).suffix: kind for name, kind in KINDS.items()}


@here
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(tuple(SUFFIXES.values()), id="one of each suffix"),
        pytest.param(tuple(KINDS.values()), marks=pytest.mark.slow, id="all"),
    ],
)
def test_every_kind_of_file_comes_out_as_without_a_sandbox(tmp_path: Path, kinds: tuple[Kind, ...]) -> None:
    (tmp_path / "in").mkdir()
    for kind in kinds:
        kind.make(tmp_path / "in" / kind.name)
    found = {}
    for wish in WISHES:
        out, report = tmp_path / wish, tmp_path / f"{wish}.json"
        words = (tmp_path / "in", "--out", out, "--report", report, "--sandbox", wish, "--jobs", 2)
        assert ran("enhance", *words, "--model", "compact_x2").code == 0
        found[wish] = told(out, report)
    assert len(found["on"][0]) >= len(kinds)
    assert found["on"] == found["off"]


@here
def test_jbig2_is_decoded_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "a.pdf", lambda pdf: image_of(pdf, stream(), bits=1, filter=Name.JBIG2Decode))
    words = ("--out", tmp_path / "o", "--sandbox", "on", "--jobs", 1, "--model", "nearest", "--factor", 2)
    done = docsr(capsys, monkeypatch, "enhance", path, *words)
    assert (done.code, "1 done" in done.out) == (0, True), done.err


@pytest.fixture
def page(tmp_path: Path) -> Path:
    picture().save(tmp_path / "page.png", dpi=(75, 75))
    return tmp_path / "page.png"


@pytest.mark.slow_except("words3")
@here
@pytest.mark.parametrize(
    "words", [("--dry-run",), ("--time-limit", "0"), ("--model", "small_text_x2"), ("--overwrite",)]
)
def test_every_way_to_run_works_in_it(
    page: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):  # the second reads the manifest and what is there
        done = docsr(
            capsys, monkeypatch, "enhance", page, "--out", tmp_path / "o", "--sandbox", "on", "--jobs", 1, *words
        )
        assert done.code == 0, done.err
    assert (tmp_path / "o").exists() == ("--dry-run" not in words)


@pytest.mark.slow_except("onnx")
@here
@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_networks_of_the_user_are_tried_and_run_in_it(
    kind: str, page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "networks").mkdir()
    model = tmp_path / "networks" / f"a.{kind}"
    if kind == "onnx":
        conv_network(model, 2)
    else:
        checkpoint(model)
    words = ("--out", tmp_path / "o", "--sandbox", "on", "--jobs", 1, "--model", model)
    assert docsr(capsys, monkeypatch, "enhance", page, *words).code == 0


@here
def test_links_lead_where_they_lead(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = tmp_path / "in", tmp_path / "real"
    for folder in (given, given / "sub", out):
        folder.mkdir()
    (given / "sub" / "linked.png").symlink_to(page)
    (tmp_path / "o").symlink_to(out)
    words = ("--out", tmp_path / "o", "--sandbox", "on", "--jobs", 1, "--model", "bicubic", "--factor", 2)
    assert docsr(capsys, monkeypatch, "enhance", given, *words).code == 0
    assert (out / "sub" / "linked.png").is_file()


@here
def test_the_script_of_a_page_is_told_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(drawn("Hani", 6.0)[:200]).save(tmp_path / "page.png")
    words = (tmp_path / "page.png", "--out", tmp_path / "out", "--sandbox", "on", "--jobs", 1, "--log-json")
    done = docsr(capsys, monkeypatch, "enhance", *words)
    assert done.code == 0, done.err
    assert "its script is Chinese" in done.out
