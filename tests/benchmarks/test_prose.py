"""benchmarks/data/prose.py: English prose out of PDF and text files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pairs import write_pdf

ROOT = Path(__file__).parents[2]
SCRIPT = ("-m", "benchmarks.data.prose")
ENGLISH = (
    "It is the work of a day, and (as it was with the others) not for those that came late: x = 2 they hur- ried on."
)
GERMAN = "Es ist das Werk eines Tages und wie es mit den anderen war nicht für die, die zu spät kamen und eilten."


def found(*folders: Path) -> tuple[list[str], str]:
    ran = subprocess.run(
        [sys.executable, *SCRIPT, *map(str, folders)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines(), ran.stderr


def test_a_line_for_each_page_of_english(tmp_path: Path) -> None:
    pdfs, texts = tmp_path / "pdfs" / "deep", tmp_path / "texts"
    pdfs.mkdir(parents=True)
    texts.mkdir()
    write_pdf(pdfs / "a.pdf", [ENGLISH.split(":")[0]] * 5, pages=2)
    (texts / "german.txt").write_text(" ".join([GERMAN] * 5), encoding="utf-8")
    (texts / "short.txt").write_text(ENGLISH, encoding="utf-8")
    (texts / "whole.txt").write_text("\n".join([ENGLISH.replace("hur- ", "hur-\n")] * 5), encoding="utf-8")
    lines, complaints = found(tmp_path / "pdfs", texts)
    assert len(lines) == 3
    assert lines[0].startswith("It is the work of a day, and (as it was with the others) not for")
    assert "late: x they hurried on." in lines[2], "without = and 2, and the hyphen"
    assert not complaints


def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no pdf")
    write_pdf(tmp_path / "b.pdf", [ENGLISH.split(":")[0]] * 5)
    lines, complaints = found(tmp_path)
    assert len(lines) == 1
    assert "a.pdf" in complaints
