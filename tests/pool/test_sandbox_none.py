"""Where there is no sandbox for workers, that is said, or passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsr.batch.options import EnhanceOptions
from docsr.errors import UsageError
from docsr.pool import Sandbox, SingleWorker, run_in_processes, why_none
from docsr.pool import sandbox as module
from docsr.pool.processes import NoProcesses
from docsr.upscalers.sandbox import sandbox_for
from tests.command import docsr, picture
from tests.hostile import lost


@pytest.fixture
def page(tmp_path: Path) -> Path:
    picture().save(tmp_path / "page.png", dpi=(75, 75))
    return tmp_path / "page.png"


def test_where_there_is_none_on_refuses_and_auto_goes_on(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docsr.upscalers.sandbox.why_none", lambda: "it takes another system")
    words = ("enhance", page, "--out", tmp_path / "o", "--model", "bicubic", "--factor", 2, "--sandbox")
    refused = docsr(capsys, monkeypatch, *words, "on")
    assert refused.code == 2
    assert "there is no sandbox, but --sandbox on needs one (it takes another system)" in refused.err
    assert docsr(capsys, monkeypatch, *words, "auto", "--jobs", 1).code == 0
    assert (tmp_path / "o" / "page.png").is_file()


REASONS = {
    "old": ("docsr.pool.landlock.version", lambda: 2, "Linux 6.2"),
    "other": ("docsr.pool.seccomp.is_known", lambda: False, "x86_64 and aarch64"),
    "strange": ("docsr.pool.sandbox._LAZY", ("nowhere",), "cannot be read in it"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_why_there_is_none_is_known_before_a_worker_starts(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "strange" and why_none() is not None:
        pytest.skip("no sandbox on this system that could leave something out")
    name, value, said = REASONS[reason]
    monkeypatch.setattr(name, value)
    if reason == "strange":  # a library that lies where nobody would look for one
        (tmp_path / "nowhere.py").touch()
        found = type("Found", (), {"origin": str(tmp_path / "nowhere.py")})
        monkeypatch.setattr(module, "find_spec", lambda _name: found)
    module.why_none.cache_clear()
    try:
        assert said in (why_none() or "")
    finally:
        module.why_none.cache_clear()


@pytest.mark.parametrize(("wish", "runs"), [("on", False), ("auto", True)])
def test_a_gpu_goes_without(wish: str, runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docsr.upscalers.sandbox.why_none", lambda: None)
    monkeypatch.setattr("docsr.upscalers.sandbox.may_use_gpu", lambda _device: True)
    if runs:
        assert sandbox_for(wish, None, "auto") is None
    else:
        with pytest.raises(UsageError, match="GPU drivers"):
            sandbox_for(wish, None, "auto")


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("door", ["many", "apart"])
def test_where_no_process_can_be_made_what_is_required_is_refused(
    required: bool, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise NoProcesses("none here")

    monkeypatch.setattr("docsr.pool.opened", none)
    sandbox = Sandbox(required=required)

    def done() -> object:
        if door == "many":
            return dict(run_in_processes(str, [0], jobs=1, on_crash=lost, sandbox=sandbox))[0]
        return SingleWorker(str, lost, sandbox=sandbox)(0)

    if required:
        with pytest.raises(UsageError, match="no sandbox, because no process can be started"):
            done()
    else:
        assert done() == "0"


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(UsageError, match="the sandbox is one of auto, on, off, not maybe"):
        EnhanceOptions(sandbox="maybe").check()
