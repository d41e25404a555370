"""Output folders that are opened once."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from docsr.errors import FolderError, PageError
from docsr.io.paths import folders
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.folders import OutputFolder, Place, identities, place_at
from tests.command import unmeasured


def write(place: Place | Path, content: bytes = b"new") -> None:
    with atomic_write(place) as file:
        file.write(content)


@pytest.fixture(params=[True, False], ids=["handles", "paths"])
def handles(request, monkeypatch):
    """With the functions that take open folders, and as where there are none."""
    if not request.param:
        monkeypatch.setattr(folders, "HANDLES", False)
    return request.param


def test_files_are_written_below_a_folder_and_found_there(tmp_path, handles):
    folder = OutputFolder(tmp_path / "new" / "out")
    place = Place(folder, "deep/down/a.png")
    assert not place.exists()
    write(place)
    assert place.exists()
    assert place.path.read_bytes() == b"new"
    descriptor = place.open()
    assert os.read(descriptor, 10) == b"new"
    os.close(descriptor)
    assert [path.name for path in place.path.parent.iterdir()] == ["a.png"]
    assert not (tmp_path / "new" / "other").exists()


@pytest.mark.parametrize("place", ["../a", "a/../../b", "/etc/a", "", "..", "."])
def test_nothing_is_reached_outside(tmp_path, handles, place):
    folder = OutputFolder(tmp_path)
    with pytest.raises(FolderError, match=r"is not below"), folder.reached(place, make=True):
        pass


def test_what_is_kept_is_not_replaced_under_any_name(tmp_path, handles):
    scan = tmp_path / "scan.png"
    write(scan, b"scan")
    out = tmp_path / "out"
    out.mkdir()
    (out / "link.png").symlink_to(scan)
    os.link(scan, out / "hard.png")
    places = [
        Place(OutputFolder(folder).keeping(kept), name, identities(own))
        for kept, own in (([scan], []), ([], [scan]))
        for folder, name in ((tmp_path, "scan.png"), (out, "link.png"), (out, "hard.png"))
    ]
    for place in places:
        with pytest.raises(PageError, match=r"is an input and would be overwritten: choose another --out folder$"):
            write(place)
    assert scan.read_bytes() == b"scan"
    assert sorted(path.name for path in out.iterdir()) == ["hard.png", "link.png"]
    (out / "other.png").symlink_to("nowhere")
    write(Place(OutputFolder(out).keeping([scan]), "other.png"))
    assert not (out / "other.png").is_symlink()


def test_a_copy_in_another_process_refuses_another_folder(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    folder = OutputFolder(out).keeping([tmp_path])
    copied = pickle.loads(pickle.dumps(folder))
    write(Place(copied, "a"))
    assert (out / "a").exists()
    later = pickle.loads(pickle.dumps(folder))
    out.rename(tmp_path / "moved")
    out.mkdir()
    write(Place(copied, "b"))
    write(Place(folder, "c"))
    with pytest.raises(FolderError, match="is another folder now than when the run began: run the same command again"):
        write(Place(later, "d"))
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == ["a", "b", "c"]
    assert list(out.iterdir()) == []
    out.rmdir()
    with pytest.raises(PageError, match="could not be written: no such file or directory"):
        write(Place(later, "d"))


def test_a_folder_is_closed_with_its_last_user(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        folder = OutputFolder(tmp_path)
        write(Place(folder, f"deep/{number}"))
        write(tmp_path / "a")
        with pytest.raises(PageError), folder.reached("deep/x/y", make=True):
            raise PageError("it fails")
        del folder
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_given_by_its_path_goes_where_its_folder_was_when_it_was_begun(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with atomic_write(out / "a") as file:
        out.rename(tmp_path / "moved")
        out.mkdir()
        (out / "a").write_bytes(b"old")
        file.write(b"new")
    assert (tmp_path / "moved" / "a").read_bytes() == b"new"
    assert (out / "a").read_bytes() == b"old"
    place = place_at(out / "b")
    shutil.rmtree(out)
    out.mkdir()
    with pytest.raises(PageError, match="b could not be written: no such file or directory"):
        write(place)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that others can reach: pytest's own are closed to them."""
    with TemporaryDirectory() as made:
        os.chmod(made, 0o711)
        yield Path(made)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_may_be_written_in_and_not_listed_is_no_hindrance(open_to_all):
    for folder in (open_to_all / "out", open_to_all / "out" / "deep"):
        folder.mkdir()
        folder.chmod(0o333)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from docsr.io.paths.folders import OutputFolder, Place, locked\n"
        "from docsr.io.paths.atomic import atomic_write\n"
        "os.chdir('/'); os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "folder = OutputFolder(Path(sys.argv[1]))\n"
        "with locked(folder), atomic_write(Place(folder, 'deep/a')) as file: file.write(b'new')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(open_to_all / "out")], check=True, env=unmeasured())
    assert (open_to_all / "out" / "deep" / "a").read_bytes() == b"new"
