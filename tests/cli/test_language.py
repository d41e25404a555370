"""docsr enhance --language, and what it does to a page of another script when nobody says which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import docsr
from docsr.errors import UsageError
from tests.command import docsr as command
from tests.decide.test_script import drawn

CHINESE = "its script is Chinese, for which no network was measured to help tesseract"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for script in ("Latn", "Hani"):
        Image.fromarray(drawn(script, 6.0)[:200]).save(folder / f"{script}.png")
    return folder


def enhanced(capsys, monkeypatch, *arguments: object) -> dict[str, Any]:
    """The row of each page, by the stem of its file."""
    ran = command(capsys, monkeypatch, "enhance", *arguments, "--log-json")
    assert ran.code == 0, ran.err
    return {Path(row["input"]).stem: row for row in map(json.loads, ran.out.splitlines()) if "input" in row}


def test_networks_are_left_out_on_other_scripts_by_what_the_page_shows(tmp_path, pages, capsys, monkeypatch) -> None:
    rows = enhanced(capsys, monkeypatch, pages, "--out", tmp_path)
    assert (rows["Latn"]["model"], rows["Hani"]["model"]) == ("compact_x4", "bicubic")
    assert CHINESE in rows["Hani"]["why"]
    bicubic = docsr.enhance(pages / "Hani.png", factor=4, model="bicubic")
    assert (np.asarray(bicubic) == np.asarray(Image.open(tmp_path / "Hani.png"))).all()
    for script in ("Latn", "Hani"):
        in_python = docsr.enhance(pages / f"{script}.png", factor="auto")
        assert (np.asarray(in_python) == np.asarray(Image.open(tmp_path / f"{script}.png"))).all()


def test_the_languages_decide_where_they_are_given(tmp_path, pages, capsys, monkeypatch) -> None:
    def models(*languages: str) -> list[str]:
        given = [word for code in languages for word in ("--language", code)]
        rows = enhanced(capsys, monkeypatch, pages, "--out", tmp_path, "--dry-run", *given)
        return [rows[script]["model"] for script in ("Latn", "Hani")]

    assert models("eng") == models("deu", "script/Vietnamese") == ["compact_x4", "compact_x4"]
    assert models("rus") == models("eng", "rus") == models("eng+rus") == ["bicubic", "bicubic"]
    asked = ("--language", "rus", "--model", "compact_x2")
    kept = enhanced(capsys, monkeypatch, pages, "--out", tmp_path, "--dry-run", *asked)
    assert kept["Hani"]["model"] == "compact_x2"


def test_a_run_with_another_language_does_the_page_again(tmp_path, pages, capsys, monkeypatch) -> None:
    page, out = pages / "Latn.png", ("--out", tmp_path)
    runs = [(), (), ("--language", "rus"), ("--language", "rus"), ("--language", "eng")]
    done = [enhanced(capsys, monkeypatch, page, *out, *more)["Latn"]["status"] for more in runs]
    assert [status == "skipped" for status in done] == [False, True, False, True, False]


def test_the_python_interface_takes_languages() -> None:
    page = drawn("Latn", 6.0)[:200]
    network = docsr.enhance(page, factor="auto")
    assert (docsr.enhance(page, factor="auto", languages="eng+deu") == network).all()
    assert (docsr.enhance(page, factor="auto", languages=["eng", "rus"]) != network).any()
    with pytest.raises(UsageError, match="no language 'english'"):
        docsr.Enhancer(languages="english")
