"""What names stand for: files, folders, patterns, lists."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from docsr.batch.options import output_format, output_suffix
from docsr.errors import NoInputError
from docsr.io.paths.inputs import DOCUMENT_SUFFIXES, IMAGE_SUFFIXES, find_inputs
from docsr.io.paths.manifest import NAME as MANIFEST
from docsr.io.paths.manifest import PARTS as MANIFEST_PARTS
from docsr.io.paths.passed_over import PassedOver
from docsr.io.raster.write import FORMATS


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def relatives(inputs: Sequence[Path], skip: Path | None = None) -> list[str]:
    return [source.relative.as_posix() for source in find_inputs(inputs, skip)]


def test_a_folder_is_read_recursively_sorted_images_only(tmp_path: Path):
    made(tmp_path, "b.PNG", "a/z.tif", "a/y.jpeg", "notes.txt", ".hidden.png", ".git/c.png", "Thumbs.db")
    assert relatives([tmp_path]) == ["a/y.jpeg", "a/z.tif", "b.PNG"]


def test_a_file_given_directly_is_taken_whatever_its_name(tmp_path: Path):
    made(tmp_path, "scan", ".hidden")
    assert relatives([tmp_path / "scan", tmp_path / ".hidden", tmp_path / "missing"]) == ["scan", ".hidden", "missing"]


def test_a_file_named_twice_is_listed_once(tmp_path: Path):
    made(tmp_path, "d/a.png")
    assert relatives([tmp_path / "d" / "a.png", tmp_path, tmp_path / "d" / ".." / "d"]) == ["a.png"]


def test_links_are_followed_loops_end_and_dangling_ones_are_listed(tmp_path: Path):
    made(tmp_path, "in/a.png", "elsewhere/b.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "in" / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    assert relatives([tmp_path / "in"]) == ["a.png", "gone.png", "linked/b.png"]


def test_an_output_folder_inside_the_input_is_left_out(tmp_path: Path):
    made(tmp_path, "a.png", "out/a.png")
    assert relatives([tmp_path], skip=tmp_path / "out") == ["a.png"]


@pytest.mark.parametrize("manifest", [MANIFEST, f"{MANIFEST_PARTS}/part.jsonl"])
def test_outputs_of_an_earlier_run_inside_the_input_are_left_out(tmp_path: Path, manifest: str):
    made(tmp_path, "in/a.png", "in/hi/a.png", "in/hi/deep/b.png", f"in/hi/{manifest}")
    assert relatives([tmp_path / "in"]) == ["a.png"]
    assert relatives([tmp_path / "in" / "hi"]) == ["a.png", "deep/b.png"]


def test_a_folder_that_may_not_be_read_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made(tmp_path, "a.png", "shut/b.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert relatives([tmp_path]) == ["a.png", "shut"]


def test_a_pattern_keeps_the_places_below_where_it_starts(tmp_path: Path):
    made(tmp_path, "in/1/a.png", "in/2/b.png", "in/2/c.txt", "in/2/deep/d.png")
    assert relatives([tmp_path / "in" / "*" / "*.png"]) == ["1/a.png", "2/b.png"]
    assert relatives([tmp_path / "in" / "**" / "*.png"]) == ["1/a.png", "2/b.png", "2/deep/d.png"]
    assert relatives([tmp_path / "in" / "[2]"]) == ["2/b.png", "2/deep/d.png"]


def test_a_pattern_without_a_match_is_reported_as_missing_and_a_file_of_that_name_is_a_file(tmp_path: Path):
    assert relatives([tmp_path / "*.png"]) == ["*.png"]
    made(tmp_path, "page[1].png", "page1.png")
    assert relatives([tmp_path / "page[1].png"]) == ["page[1].png"]


def test_a_list_names_files_folders_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made(tmp_path, "a/b.png", "c/d/e.png", "f/g.png", "f/h.txt", "i j.png")
    (tmp_path / "list.txt").write_text(f"a/b.png\n\nc/d\nf/*.png\n{tmp_path / 'i j.png'}\nmissing.png\n")
    monkeypatch.chdir(tmp_path)
    assert relatives([Path("@list.txt")]) == ["a/b.png", "c/d/e.png", "g.png", "i j.png", "missing.png"]


def test_no_name_in_a_list_leads_out_of_the_output_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made(tmp_path, "x.png", "work/a/y.png", "work/z.png")
    (tmp_path / "work" / "list.txt").write_text("../x.png\na/../z.png\na/../../x.png\n*/../a/y.png\n/etc/../x.png\n")
    monkeypatch.chdir(tmp_path / "work")
    for source in find_inputs([Path("@list.txt")]):
        assert ".." not in source.relative.parts
        assert not source.relative.is_absolute()


def test_a_file_whose_name_begins_like_a_list_is_a_file_and_a_missing_list_is_said(tmp_path: Path, monkeypatch):
    made(tmp_path, "@scan.png")
    monkeypatch.chdir(tmp_path)
    assert relatives([Path("@scan.png")]) == ["@scan.png"]
    with pytest.raises(NoInputError, match=r"the list gone\.txt cannot be read"):
        find_inputs([Path("@gone.txt")])


def test_every_suffix_of_what_is_read_is_found_in_folders():
    Image.init()
    read = {"JPEG", "JPEG2000", "TIFF", "WEBP", "BMP", "GIF", "PPM"}
    known = {suffix for suffix, form in Image.EXTENSION.items() if form in read}
    assert known - IMAGE_SUFFIXES == {".pfm"}  # floats


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_same_keeps_every_suffix_of_what_is_written(form: str):
    Image.init()
    suffixes = {suffix for suffix, known in Image.EXTENSION.items() if known == form} & IMAGE_SUFFIXES
    assert suffixes
    assert {FORMATS[output_format(Path(f"a{suffix}"), "same")] for suffix in suffixes} == {form}
    assert all(output_suffix(Path(f"a{suffix}"), "same") == suffix for suffix in suffixes)


LISTED = {
    "a zero byte": b"a\0b.png",
    "300 letters": b"x" * 300 + b".png",
    "a deep path": b"/".join([b"x" * 100] * 50) + b".png",
    "a zero byte in an absolute one": b"/a\0/b.png",
    "docsr's own": b".docsr-manifest.jsonl",
    "docsr's own folder": b".docsr-manifest.d/a.png",
}


@pytest.mark.parametrize("line", LISTED.values(), ids=LISTED)
def test_a_name_in_a_list_that_no_file_can_have_costs_itself_alone(tmp_path, line):
    made(tmp_path, "a.png", "b.png")
    lines = [os.fsencode(tmp_path / "a.png"), line, os.fsencode(tmp_path / "b.png")]
    (tmp_path / "list.txt").write_bytes(b"\n".join(lines))
    found = find_inputs([Path(f"@{tmp_path / 'list.txt'}")])
    assert [source.relative.as_posix() for source in found if not source.refused] == ["a.png", "b.png"]
    (refused,) = [source.refused for source in found if source.refused]
    assert "cannot be the name of a file: " in refused
    assert refused.isprintable()


def test_a_name_with_a_zero_byte_hides_no_other(tmp_path):
    made(tmp_path, "a.png")
    path = os.fsencode(tmp_path / "a.png")
    (tmp_path / "list.txt").write_bytes(path + b"\0x\n" + path)
    found = find_inputs([Path(f"@{tmp_path / 'list.txt'}")])
    assert [bool(source.refused) for source in found] == [True, False]


def test_names_that_are_not_utf8_are_read(tmp_path):
    name = os.fsdecode(b"\xff\x0c\xe2\x80\xa8.png")  # with a form feed and U+2028, which end no line of a list
    made(tmp_path, name)
    (tmp_path / "list.txt").write_bytes(os.fsencode(tmp_path / name) + b"\r\n")
    (found,) = find_inputs([Path(f"@{tmp_path / 'list.txt'}")])
    assert (found.path, found.refused) == (tmp_path / name, "")


def test_a_list_without_an_end_of_a_line_is_none(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"a.png\n" + b"\0" * 100_000)
    with pytest.raises(NoInputError, match="is not a list of names"):
        find_inputs([Path(f"@{tmp_path / 'list.txt'}")])
    if os.path.exists("/dev/zero"):
        with pytest.raises(NoInputError, match="is not a list of names"):
            find_inputs([Path("@/dev/zero")])


@pytest.mark.parametrize("name", ["*" * 300, "[", "a/" + "*/" * 1500 + "*", "**/" * 3 + "[!"])
def test_a_pattern_that_is_none_costs_itself_alone(tmp_path, monkeypatch, name):
    monkeypatch.chdir(made(tmp_path, "a.png"))
    (tmp_path / "list.txt").write_text(f"{name}\na.png\n")
    found = find_inputs([Path("@list.txt")])
    assert found[-1].relative == Path("a.png")
    assert len(found) == 2


def passed_over(inputs: Sequence[Path], skip: Path | None = None) -> dict[str, int]:
    passed = PassedOver()
    find_inputs(inputs, skip, DOCUMENT_SUFFIXES, passed)
    return passed.counts()


def test_what_is_passed_over_in_folders_is_counted(tmp_path: Path):
    made(tmp_path, "a.png", "b.pdf", "scan0001", "d/y.dat", "d/.h.png", ".git/x", ".git/y.png", "d/.cache/z")
    assert passed_over([tmp_path]) == {"other_names": 2, "hidden_files": 1, "hidden_folders": 2}
    assert passed_over([tmp_path / "a.png", tmp_path / "scan0001"]) == {}
    assert passed_over([tmp_path / "*.png"]) == {}


def test_what_docsr_made_is_not_said_to_be_passed_over(tmp_path: Path):
    made(
        tmp_path, "a.png", "out/b.txt", "hi/a.png", "hi/c.txt", f"hi/{MANIFEST}", MANIFEST, f"{MANIFEST_PARTS}/x.jsonl"
    )
    assert passed_over([tmp_path], tmp_path / "out") == {}


def test_what_is_passed_over_is_counted_once_and_not_if_it_is_given_itself(tmp_path: Path):
    made(tmp_path, "in/a.png", "in/scan", "in/.h", "in/d/scan")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    both = [tmp_path / "in", tmp_path / "link", tmp_path / "in" / "d"]
    assert passed_over(both) == {"other_names": 2, "hidden_files": 1}
    given = [tmp_path / "in" / "scan", tmp_path / "link" / "scan", tmp_path / "in" / ".h", tmp_path / "in" / "gone"]
    assert passed_over([*given, *both]) == {"other_names": 1}
    assert passed_over([tmp_path / "in", tmp_path / "in" / "*"]) == {"other_names": 1, "hidden_files": 1}


def test_to_count_opens_no_file_and_keeps_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made(tmp_path, "a.png", *(f"{number}.txt" for number in range(1_000)))
    resolved, asked = os.path.realpath, list[str]()

    def realpath(path: str) -> str:
        asked.append(path)
        return resolved(path)

    monkeypatch.setattr(os.path, "realpath", realpath)
    passed = PassedOver()
    find_inputs([tmp_path], None, DOCUMENT_SUFFIXES, passed)
    assert (passed.other_names, len(asked)) == (1_000, 1)
    assert len(pickle.dumps(passed)) < 1_000
