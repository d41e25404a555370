"""Every door where the environment is not whole: no temporary folder, no semaphores, no home, nobody's user number.

The work is done, or one sentence says why not; never a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pikepdf import Name

from docsr.cli import cli
from docsr.errors import NoTemporaryFolder
from tests.command import picture
from tests.io.pdf.files import image_of, made
from tests.io.pdf.test_jbig2 import stream

NO_OTHER = "everything runs in one process because no other can be started"
ALONE = f"docsr: warning: {NO_OTHER} ([Errno 38] Function not implemented)"
NO_PLACE = "docsr: error: no temporary folder can be made (no such file or directory): set TMPDIR to a folder that"

BROKEN = """
import _multiprocessing, multiprocessing.synchronize, os, pwd, tempfile
def refused(*_): raise OSError(38, "Function not implemented")
def nobody(number): raise KeyError(f"getpwuid(): uid not found: {number}")
if os.environ.get("WITHOUT") in {"places", "all"}: tempfile._candidate_tempdir_list = list
if os.environ.get("WITHOUT") in {"semaphores", "all"}: _multiprocessing.SemLock = refused
if os.environ.get("WITHOUT") in {"home", "all"}: pwd.getpwuid = nobody
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: bytes
    err: str


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run Python where something is missing, in this process's workers too."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BROKEN)
    picture(300, 200).save(tmp_path / "page.png", dpi=(75, 75))
    picture(300, 200).save(tmp_path / "again.png", dpi=(75, 75))
    monkeypatch.chdir(tmp_path)

    def run(what: str, *words: object, given: bytes = b"") -> Ran:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment |= {"PYTHONPATH": os.pathsep.join([str(site), *sys.path]), "WITHOUT": what}
        if what in {"home", "all"}:
            for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
                environment.pop(name, None)
        command = [sys.executable, *map(str, words)]
        ran = subprocess.run(command, env=environment, input=given, capture_output=True, timeout=120)
        assert b"Traceback" not in ran.stderr, ran.stderr.decode()
        return Ran(ran.returncode, ran.stdout, ran.stderr.decode())

    return run


BICUBIC = ("--model", "bicubic", "--factor", "2")
DOORS: dict[str, tuple[str, ...]] = {
    "enhance": ("page.png", "again.png", "--out", "out", "--factor", "2", "--jobs", "2"),
    "compare": ("page.png", "again.png", "--out", "out/page.html"),
    "models": (),
    "prepare": ("images", ".", "--as-is", "--patch", "16", "--out", "out", "--jobs", "2"),
    "train": ("--out", "out"),
    "export": ("none.safetensors", "--out", "out/none.onnx"),
    "benchmark": (".", "--lr-dpi", "75", "--upscaler", "bicubic", "--out", "out", "--jobs", "2"),
}
REFUSED = {"train", "export"}
"""What needs a temporary folder by itself: torch does."""


def test_each_command_is_a_door():
    assert DOORS.keys() == cli.commands.keys()


@pytest.mark.slow_except("enhance-all", "enhance-places")
@pytest.mark.parametrize("what", ["all", "places", "semaphores", "home"])
@pytest.mark.parametrize("command", [name for name in DOORS if name not in REFUSED])
def test_what_a_command_can_do_it_does(without: Callable[..., Ran], command: str, what: str):
    if command == "benchmark":
        Path("page.txt").write_text("a page")
        Path("again.txt").write_text("a page")
    ran = without(what, "-m", "docsr", command, *DOORS[command])
    assert ran.code == 0, ran.err
    is_told = what in {"all", "semaphores"} and command in {"enhance", "prepare", "benchmark"}
    assert ran.err.count(ALONE) == is_told
    assert ("a page that hangs is not given up" in ran.err) == (is_told and command == "enhance")
    if command == "enhance":
        assert {path.name for path in Path("out").glob("*.png")} == {"page.png", "again.png"}


@pytest.mark.parametrize("command", sorted(REFUSED))
def test_what_needs_a_temporary_folder_says_so(without: Callable[..., Ran], command: str):
    ran = without("places", "-m", "docsr", command, *DOORS[command])
    assert (ran.code, len(ran.err.splitlines())) == (NoTemporaryFolder.exit_code, 1)
    assert ran.err.startswith(NO_PLACE)
    assert not Path("out").exists()


@pytest.mark.slow
def test_a_pipe_needs_one_too(without: Callable[..., Ran]):
    words = ("-m", "docsr", "enhance", "-", "--out", "-", *BICUBIC)
    ran = without("places", *words, given=Path("page.png").read_bytes())
    assert (ran.code, ran.out) == (NoTemporaryFolder.exit_code, b"")
    assert ran.err.startswith(NO_PLACE)
    ran = without("semaphores", *words, given=Path("page.png").read_bytes())
    assert (ran.code, ran.out[:4]) == (0, b"\x89PNG")
    assert ran.err.splitlines() == [f"{ALONE}: a page that hangs is not given up"]


@pytest.mark.slow
def test_a_page_that_needs_one_costs_that_page(without: Callable[..., Ran]):
    made(Path("fax.pdf"), lambda pdf: image_of(pdf, stream(), bits=1, filter=Name.JBIG2Decode))
    ran = without("places", "-m", "docsr", "enhance", "fax.pdf", "page.png", "--out", "out", *BICUBIC, "--jobs", "2")
    assert ran.code == 1
    assert Path("out/page.png").exists()
    assert "its image is coded as JBIG2, and no temporary folder can be made" in ran.err


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("what", ["all", "semaphores", "home"])
def test_the_python_interface(without: Callable[..., Ran], what: str):
    code = (
        "import docsr, pathlib\n"
        "from docsr.errors import DocsrError\n"
        "from PIL import Image\n"
        "print(docsr.enhance(Image.open('page.png'), factor=2).size)\n"
        "try:\n"
        "    print(docsr.Enhancer('bicubic', 2)(pathlib.Path('page.png').read_bytes())[1:4].decode())\n"
        "except DocsrError as error:\n"
        "    print(type(error).__name__)"
    )
    ran = without(what, "-c", code)
    assert ran.code == 0, ran.err
    assert ran.out.decode().splitlines() == ["(600, 400)", "NoTemporaryFolder" if what == "all" else "PNG"]
