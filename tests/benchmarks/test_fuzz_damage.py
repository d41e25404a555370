"""What changes files by their structure in benchmarks/torture does so, the same each time; and breaches are seen."""

from __future__ import annotations

import importlib
import io
import json
import random
import struct
from pathlib import Path

import pikepdf
import pytest

LINE = {"input": "/in/a.png", "sha256": "", "options": "", "output": "a.png", "size": 1, "modified": 1}


@pytest.fixture
def part():
    return lambda name: importlib.import_module(f"benchmarks.torture.{name}")


@pytest.fixture
def seed(part, tmp_path: Path):
    def made(name: str) -> bytes:
        part("seeds").SEEDS[name](tmp_path / name)
        return (tmp_path / name).read_bytes()

    return made


def opens(data: bytes) -> bool:
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return len(pdf.pages) >= 0
    except (pikepdf.PdfError, RuntimeError, TypeError, ValueError):
        return False


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("name", ["layered.pdf", "g4.pdf", "tiled.tif", "planar-bigtiff.tif", "g4.tif", "manifest"])
def test_most_changes_change_something_and_are_the_same_each_time(part, seed, name: str) -> None:
    kind = name.rpartition(".")[2]
    change = {
        "pdf": part("damage_pdf").changed_pdf,
        "tif": part("damage_tiff").changed_tiff,
        "manifest": part("damage_manifest").changed_manifest,
    }[kind]
    content = json.dumps(LINE).encode() + b"\n" if name == "manifest" else seed(name)
    made = [change(content, random.Random(number)) for number in range(20)]
    assert (
        made[:5] == [change(content, random.Random(number)) for number in range(5)] or kind == "pdf"
    )  # PDFs are dated
    assert sum(one != content for one in made) >= 15
    assert len(set(made)) >= 15


def test_most_changed_pdfs_still_open(part, seed) -> None:
    content = seed("layered.pdf")
    made = [part("damage_pdf").changed_pdf(content, random.Random(number)) for number in range(20)]
    assert sum(map(opens, made)) >= 10


def test_each_change_of_a_pdf_can_be_made(part, seed) -> None:
    damage, content = part("damage_pdf"), seed("layered.pdf")
    for change in dict.fromkeys(damage.CHANGES):
        for number in range(8):
            with pikepdf.open(io.BytesIO(content)) as pdf:
                try:
                    change(pdf, random.Random(number))
                except KeyError:  # the library keeps /Length itself
                    continue
                break
        else:
            pytest.fail(f"{change.__name__} never succeeds")


@pytest.mark.parametrize("name", ["pages.tif", "planar-bigtiff.tif"])
def test_the_directories_of_a_tiff_are_found(part, seed, name: str) -> None:
    damage, data = part("damage_tiff"), bytearray(seed(name))
    layout = damage.layout_of(data)
    folders = damage.folders_of(data, layout)
    assert len(folders) == {"pages.tif": 3, "planar-bigtiff.tif": 2}[name]
    tags = [struct.unpack_from("<H", data, entry)[0] for entry in folders[0].entries]
    assert tags == sorted(tags)
    assert {256, 257, 258, 259} <= set(tags)
    damage.loop(data, layout, folders[-1:], random.Random(1))
    assert damage.folders_of(data, layout)


def test_what_is_left_or_changed_elsewhere_is_seen(part, tmp_path: Path) -> None:
    place = part("fuzz_place").Place(tmp_path)
    with place.watched():
        place.out.mkdir()
        (place.out / "a.png").write_bytes(b"made")
    assert not any(place.faults().values())
    (tmp_path / "above.txt").write_bytes(b"other")
    (tmp_path / "home" / ".cache").mkdir()
    (tmp_path / "around" / "scan.png").unlink()
    (place.temporary / "left").touch()
    (place.out / ".docsr-half.png").touch()
    faults = place.faults()
    outside = [str(tmp_path / name) for name in ("above.txt", "around/scan.png", "home/.cache")]
    assert faults["outside"] == outside
    assert faults["left_in_tmp"] == [str(place.temporary / "left")]
    assert faults["half_written"] == [str(place.out / ".docsr-half.png")]


def test_a_worker_that_holds_too_much_is_seen(part, monkeypatch, tmp_path: Path) -> None:
    fuzz = part("fuzz")
    monkeypatch.setattr(fuzz, "LIMITS", {**fuzz.LIMITS, "worker_mib": 1.0})
    told = fuzz.batch("grey.png", 2, 0, None)
    assert not told["holds"]
    assert told["worker_peak_mib"] > 1.0
