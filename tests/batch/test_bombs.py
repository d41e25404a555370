"""Small files that claim to be large pages, of every kind: each costs itself, and no process takes all memory."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Stream
from PIL import Image

from tests.command import picture

MOST = 1_000_000_000
SIDE = 30_000
"""px: 900 million are below --max-pixels."""

RUN = """
import json, resource, subprocess, sys
ran = subprocess.run([sys.executable, "-m", "docsr", *sys.argv[1:]], capture_output=True, text=True)
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([ran.returncode, ran.stdout, ran.stderr, largest]))
"""


def png(width: int, height: int, colour: int = 0, bits: int = 8) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def encoded(kind: str, mode: str, side: int) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, kind)
    return file.getvalue()


def claiming(data: bytes, place: int, code: str, side: int = SIDE) -> bytes:
    """Let a sound small file claim to be so many px wide and high."""
    changed = bytearray(data)
    struct.pack_into(code, changed, place, side, side)
    return bytes(changed)


def jpeg_2000(mode: str) -> bytes:
    """One tile as large as the picture claims to be."""
    data = encoded("JPEG2000", mode, 8)
    stream = data.index(b"\xff\x51") + 6
    for place in (data.index(b"ihdr") + 4, stream, stream + 16):
        data = claiming(data, place, ">II")
    return data


JPEG = encoded("JPEG", "RGB", 8)


def tiff(bits: int, kind: int, samples: int) -> bytes:
    """One strip that holds next to nothing."""
    strip = zlib.compress(bytes(1000))
    entries = [
        (256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 3, 1, bits), (259, 3, 1, 8), (262, 3, 1, 2 if samples == 3 else 1),
        (273, 4, 1, 8), (277, 3, 1, samples), (278, 4, 1, SIDE), (279, 4, 1, len(strip)), (339, 3, 1, kind),
    ]  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    place = 8 + len(strip) + len(strip) % 2
    return b"II*\0" + struct.pack("<I", place) + strip + b"\0" * (len(strip) % 2) + table


def pdf(coding: str, data: bytes, side: int, box: float = 600, extra: str = "") -> bytes:
    file = io.BytesIO()
    with pikepdf.new() as document:
        image = Stream(document, b"")
        image.write(data, filter=Name(coding))
        image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, side, side
        image.BitsPerComponent, image.ColorSpace = 8, Name.DeviceRGB
        page = document.add_blank_page(page_size=(box, box))
        page.obj.Resources = Dictionary(XObject=Dictionary(Im=document.make_indirect(image)))
        page.obj.Contents = document.make_stream(f"q {box} 0 0 {box} 0 0 cm /Im Do Q {extra}".encode())
        document.save(file)
    return file.getvalue()


def inflating_table(megabytes: int) -> bytes:
    """A PDF whose table of objects unpacks to far more than it lists."""
    body, places = b"%PDF-1.5\n", []
    for number, text in enumerate(
        (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
         b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"), 1
    ):  # fmt: skip
        places.append(len(body))
        body += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    start = len(body)
    rows = struct.pack(">BIH", 0, 0, 65535) + b"".join(struct.pack(">BIH", 1, one, 0) for one in (*places, start))
    packer = zlib.compressobj(1)
    data = packer.compress(rows) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    data = zlib.compress(zlib.compress(data, 9), 9)
    head = b"4 0 obj\n<</Type/XRef/Size 5/W[1 4 2]/Root 1 0 R/Filter[/FlateDecode/FlateDecode/FlateDecode]/Length "
    tail = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    return body + head + b"%d>>stream\n" % len(data) + data + tail


BOMBS = {
    "column.png": lambda: png(1, 999_999_999),
    "row.png": lambda: png(999_999_999, 1),
    "rgb.png": lambda: png(SIDE, SIDE, colour=2),
    "wide.png": lambda: png(SIDE, SIDE, bits=16),
    "palette.gif": lambda: claiming(encoded("GIF", "P", 8), 6, "<HH"),
    "white.jp2": lambda: jpeg_2000("RGB"),
    "grey.jp2": lambda: jpeg_2000("LA"),
    "plain.bmp": lambda: claiming(encoded("BMP", "RGB", 8), 18, "<ii"),
    "plain.ppm": lambda: b"P6 30000 30000 255\n" + bytes(1000),
    "wide.pgm": lambda: b"P5 30000 30000 65535\n" + bytes(1000),
    "white.webp": lambda: claiming(encoded("WEBP", "RGB", 8), 26, "<HH", 16_383),
    "float.tif": lambda: tiff(32, 3, 1),
    "rgb.tif": lambda: tiff(8, 1, 3),
    "double.tif": lambda: tiff(64, 3, 3),
    "baseline.jpg": lambda: claiming(JPEG, JPEG.index(b"\xff\xc0") + 5, ">HH"),
    "flate.pdf": lambda: pdf("/FlateDecode", zlib.compress(bytes(10**6), 9), SIDE),
    "jpx.pdf": lambda: pdf("/JPXDecode", jpeg_2000("RGB"), SIDE),
    "table.pdf": lambda: inflating_table(1000),
}


def measured(*words: object) -> tuple[int, str, str, int]:
    """Run docsr; also return the memory of the largest process in bytes."""
    told = subprocess.run([sys.executable, "-c", RUN, *map(str, words)], capture_output=True, text=True, check=True)
    code, out, err, largest = json.loads(told.stdout)
    return code, out, err, largest


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[int, dict[str, dict[str, object]], int, str]:
    """A folder of all of them and one sound page, enlarged once; rows by name, and the largest process."""
    folder = tmp_path_factory.mktemp("bombs")
    scans = folder / "in"
    scans.mkdir()
    for name, made in BOMBS.items():
        (scans / name).write_bytes(made())
    picture(200, 200).save(scans / "sound.png")
    words = [
        "enhance",
        scans,
        "--out",
        folder / "out",
        "--jobs",
        "2",
        "--factor",
        "2",
        "--model",
        "bicubic",
        "--log-json",
    ]
    told = subprocess.run([sys.executable, "-c", RUN, *map(str, words)], capture_output=True, text=True, check=True)
    code, out, err, largest = json.loads(told.stdout)
    rows = [json.loads(line) for line in out.splitlines()]
    return code, {Path(row["input"]).name: row for row in rows if "input" in row}, largest, err


def test_no_process_takes_all_memory_and_the_sound_page_is_done(run):
    code, rows, largest, err = run
    assert code == 1
    assert rows["sound.png"]["status"] == "done"
    assert largest < MOST
    assert "Traceback" not in err


@pytest.mark.parametrize("name", sorted(set(BOMBS) - {"table.pdf"}))
def test_each_costs_itself_with_a_sentence(run, name):
    row = run[1][name]
    assert row["status"] == "failed"
    assert str(row["error"]).count("\n") == 0
    assert name in str(row["error"])


def test_a_table_of_objects_that_inflates_is_repaired_or_fails(run):
    assert run[1]["table.pdf"]["status"] in {"failed", "copied", "unwritten"}


def test_rendering_asks_as_well(tmp_path):
    path = tmp_path / "a.pdf"
    with pikepdf.new() as document:
        page = document.add_blank_page(page_size=(7_000, 7_000))
        page.obj.Contents = document.make_stream(b"0 0 10 10 re f")
        document.save(path)
    code, _, err, largest = measured("enhance", path, "--out", tmp_path / "out", "--format", "tiff")
    assert (code, largest < MOST) == (1, True)
    assert "GB are allowed (docsr enhance --max-memory)" in err
