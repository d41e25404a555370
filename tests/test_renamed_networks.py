"""Old names of networks work for one version, with a warning at every door that takes a name."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest

import docsr
from docsr.batch.options import EnhanceOptions
from docsr.bench.suite_file import LowerConfig
from docsr.integrations import ocr_pages
from docsr.integrations import ocrmypdf as plugin
from docsr.weights import RENAMED, catalogue
from tests.bench.pages import folder_suite
from tests.command import docsr as command
from tests.pairs import save, text_page

every_old_name = pytest.mark.parametrize(("old", "new"), RENAMED.items())


@every_old_name
def test_the_names_of_today_are_networks_and_the_old_ones_are_not(old, new):
    assert new in catalogue()
    assert old not in catalogue()


@every_old_name
def test_enhance_warns_and_uses_the_network(tmp_path, capsys, monkeypatch, old, new):
    page = tmp_path / "page.png"
    save(page, text_page(12, 60, 40)[0])
    ran = command(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", "--model", old, "--factor", new[-1])
    assert ran.code == 0
    assert f"docsr: {old} is now called {new}" in ran.err
    assert new in ran.out


def test_the_benchmark_warns_and_uses_the_network(tmp_path, capsys, monkeypatch):
    pages = folder_suite(tmp_path / "in", pages=1)
    words = ("--lr-dpi", "50", "--engine", "null", "--upscaler", "small_x2", "--out", tmp_path / "out")
    ran = command(capsys, monkeypatch, "benchmark", pages, *words)
    assert ran.code == 0
    assert "docsr: small_x2 is now called small_text_x2" in ran.err
    assert '"upscaler": "small_text_x2"' in (tmp_path / "out" / "results.json").read_text(encoding="utf-8")


@every_old_name
def test_python_warns_where_the_name_is_given(old, new):
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}") as warned:
        docsr.Enhancer(old, None)
    assert [one.filename for one in warned] == [__file__]
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}") as warned:
        docsr.enhance(np.full((9, 9), 255, np.uint8), "auto", old)
    assert [one.filename for one in warned] == [__file__]
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}") as warned:
        options = EnhanceOptions(model=old)
    assert [one.filename for one in warned] == [__file__]
    assert options == EnhanceOptions(model=new)


@every_old_name
def test_ocrmypdf_warns_before_the_first_page(caplog, old, new):
    options = SimpleNamespace(languages=["eng"], jobs=1, extra_attrs={}, docsr_model=old, docsr_factor="auto")
    with caplog.at_level(logging.WARNING):
        plugin.check_options(options)
    assert f"{old} is now called {new}" in caplog.text
    assert ocr_pages.model_of(options) == new


@every_old_name
def test_a_suite_may_name_it(old, new):
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}"):
        assert LowerConfig(dpi=(75,), without=(old,)).without == (new,)


@every_old_name
def test_models_shows_it(capsys, monkeypatch, old, new):
    shown = command(capsys, monkeypatch, "models", old)
    assert shown.code == 0
    assert new in shown.out
    assert f"docsr: {old} is now called {new}" in shown.err
