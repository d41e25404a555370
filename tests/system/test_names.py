"""A name from outside is a place below a folder, or is refused; and nothing else makes a path of one."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docsr.system.names import MOST_BYTES, OWN, RefusedName, below, place_of, refuse_path

PACKAGE = Path(__file__).resolve().parents[2] / "docsr"

PIECES = st.sampled_from(
    ["/", "\\", "..", ".", " ", "\0", "\n", "\x1b", "\udcff", "\ud800", "C:", "a", "é", "漢", "con", OWN, "x" * 300]
)
NAMES = st.one_of(st.text(st.characters()), st.lists(PIECES, max_size=12).map("".join))


def placed(name: str, *, windows: bool) -> Path | None:
    try:
        return place_of(name, windows=windows)
    except RefusedName:
        return None


@given(NAMES, st.booleans())
@example("../../../.bashrc", False)
@example(".docsr-manifest.d/x/../../../.bashrc", False)
@example("/etc/passwd", False)
@example("\\\\host\\share\\a.png", True)
@example("C:\\a.png", True)
def test_whatever_a_name_says_it_leads_below_the_folder_or_nowhere(name: str, windows: bool):
    place = placed(name, windows=windows)
    if place is None:
        return
    root = os.path.realpath("/no-such-folder/below")
    for resolved in (os.path.normpath(f"{root}/{place}"), os.path.realpath(f"{root}/{place}")):
        assert resolved.startswith(f"{root}/")
    assert not place.is_absolute()
    assert all(0 < len(os.fsencode(part)) <= MOST_BYTES for part in place.parts)
    assert not any(part.startswith(OWN) for part in place.parts)
    if windows:
        assert not re.search(r'[<>:"|?*\\\x00-\x1f]', str(place))


@given(NAMES)
def test_a_place_is_its_own_place(name: str):
    place = placed(name, windows=False)
    assert place is None or place_of(str(place), windows=False) == place


@given(NAMES, NAMES)
@example("a//b", "a/b")
@example("/a", "a")
def test_two_names_share_a_place_only_where_slashes_alone_tell_them_apart(one: str, other: str):
    first, second = (placed(name, windows=False) for name in (one, other))
    if first is not None and first == second:
        parts = [[part for part in name.split("/") if part not in {"", "."}] for name in (one, other)]
        assert parts[0] == parts[1]


@pytest.mark.parametrize(
    ("name", "windows", "reason"),
    [
        ("a/../b.png", False, "leads out of its folder"),
        ("..", False, "leads out of its folder"),
        ("a\\..\\..\\b.png", True, "leads out of its folder"),
        ("", False, "names no file"),
        ("/./", False, "names no file"),
        ("a\0b.png", False, "zero byte"),
        ("\ud800.png", False, "characters that a file system cannot write"),
        (f"{'x' * 252}.png", False, "longer than 255 bytes"),
        (f"{'é' * 126}.png", False, "longer than 255 bytes"),
        ("/".join(["x" * 100] * 50), False, "longer than 4,096 bytes"),
        (".docsr-manifest.jsonl", False, "docsr reserves names"),
        ("a/.DOCSR-x/b.png", False, "docsr reserves names"),
        ("C:/a.png", True, "a character that Windows does not allow"),
        ("a\n.png", True, "a character that Windows does not allow"),
        ("a./b.png", True, "must not end with a dot or a space"),
        ("nul.png", True, "names a device"),
        ("a/Com1 .tar.png", True, "names a device"),
    ],
)
def test_what_is_refused_is_told_in_one_line(name: str, windows: bool, reason: str):
    with pytest.raises(RefusedName, match=reason) as refused:
        place_of(name, windows=windows)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "name", ["a\\b.png", "C:a.png", "con.png", "a. ", "a\n\x1b[31m.png", "é漢.png", "x" * 251 + ".png", "\udcff.png"]
)
def test_where_it_is_a_name_it_is_kept_to_the_letter(name: str):
    assert str(place_of(name, windows=False)) == name


def test_docsr_itself_may_use_its_own_names(tmp_path: Path):
    assert below(tmp_path, ".docsr-manifest.d/a.jsonl", own=True) == tmp_path / ".docsr-manifest.d" / "a.jsonl"


@pytest.mark.parametrize("path", ["/a\0b/c.png", f"{'x' * 300}/c.png", "\ud800/c.png"])
def test_a_path_that_no_file_can_have_is_refused(path: str):
    with pytest.raises(RefusedName):
        refuse_path(Path(path))
    refuse_path(Path("../a/b.png"))


# Whoever joins a path with what is no literal stands here, with what it joins. What comes from outside goes through
# docsr.system.names; else it names a file that docsr makes or has listed in a folder, or is the user's own suite.
JOINS = {
    "bench/suite.py": {"name", "source.listed", "config.root"},
    "cli/benchmark.py": {"name"},
    "cli/pipe.py": {"str(number)"},
    "integrations/ocr_pages.py": {"f'{number + 1:06d}_docsr'", "f'{number + 1:06d}_docsr_raster.json'"},
    "io/paths/inputs.py": {"*fixed", "name", "file.relative"},
    "io/pdf/jbig2.py": {"name"},
    "io/paths/output_names.py": {"names[source.path]"},
    "io/paths/folders.py": {"*parts", "place", "self.below"},  # which refuses what leads out of the folder
    "io/paths/atomic.py": {"own"},
    "io/paths/journal.py": {"below", "place", "self._place"},
    "system/names.py": {"*parts", "place_of(name, own=own)"},
    "pairs/documents.py": {"f'{split}.txt'"},
    "pairs/pictures.py": {
        "name",
        "hr.name",
        "hr.parent.name.replace('_HR', '_LR_bicubic')",
        "hr.parent.name.replace('_HR', f'_LR_x{factor}')",
        "f'X{factor}'",
    },
    "pairs/store_writer.py": {"below"},
    "train.py": {"f'{step:07d}'", "_strip_name(step)"},
    "upscalers/int8.py": {"f'{name}.onnx'"},
    "bench/peers.py": {"name"},
}

NUMBERS = re.compile(
    r"^(np\.float32|len|max|sum|math\.hypot|user_unit|share\.sum)\(|\[-?\d\]$"
    r"|(^|[_.])(count|dpi|dpi_x|dpi_y|drawn|factor|height|jobs|measured|of|scale|size|std|taken|total|unit|unit_x|weight)$"
    r"|(^|[_.])(width|x_height|y)$"
)
"""What stands below a line that divides numbers."""


def joins(source: str) -> Iterator[str]:
    """What is joined to a path, as far as it is no literal and no constant."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            joined = [node.right]
        elif isinstance(node, ast.Call) and re.search(r"(Path|joinpath|path\.join)$", ast.unparse(node.func)):
            joined = [one for one in node.args[1:]] + [one for one in node.args[:1] if isinstance(one, ast.Starred)]
        else:
            continue
        for one in joined:
            sums = isinstance(one, ast.BinOp)  # of numbers: paths have no + and no *
            if not (sums or isinstance(one, ast.Constant) or (isinstance(one, ast.Name) and one.id.isupper())):
                yield ast.unparse(one)


def test_no_other_place_makes_a_path_of_a_name_from_outside():
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if any(maker in source for maker in ("pathlib", "os.path", "temporary_folder")):
            name = path.relative_to(PACKAGE).as_posix()
            known = JOINS.get(name, set())
            found[name] = {one for one in joins(source) if one in known or not NUMBERS.search(one)}
    assert {name: one for name, one in found.items() if one} == JOINS


@pytest.mark.parametrize("line", ["folder / name", "Path(root, key)", "folder / job.place", "Path(*parts)"])
def test_that_test_sees_a_join(line: str):
    assert [one for one in joins(line) if not NUMBERS.search(one)]


ASKS = {"cli/checks.py", "integrations/ocr_pages.py", "io/document.py", "io/paths/atomic.py", "io/pdf/scans.py"}
ASKS |= {"io/read_errors.py", "io/paths/manifest.py", "io/paths/own_files.py"}
ASKS |= {"models/checkpoint.py", "batch/outputs.py"}
"""Those that ask within a try, of paths of their own, or of a Place (docsr/io/paths/folders.py)."""


def test_whether_a_path_is_there_is_asked_so_that_no_name_raises():
    asked = re.compile(r"\.(is_dir|is_file|exists)\(\)")  # of pathlib, they raise for a name that is too long
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if asked.search(path.read_text())}
    assert found <= ASKS
