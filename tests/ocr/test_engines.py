"""Engines are asked for by name, with options or without."""

from __future__ import annotations

import pytest

from docsr.errors import UsageError
from docsr.ocr.engines import ENGINES, engine_of, is_asked, name_of, spec_of
from docsr.ocr.rapid import RapidOcr
from docsr.ocr.tesseract import Tesseract


@pytest.mark.parametrize("name", ENGINES)
def test_each_engine_says_how_it_is_run(name):
    engine = engine_of(name)
    assert engine.options
    assert spec_of(name) == name_of(name) == name
    assert engine.signature in {name, f"{engine.signature.partition(',')[0]}, {engine.options}"}


@pytest.mark.parametrize("name", ENGINES)
def test_each_option_makes_another_engine(name):
    for option, values in ENGINES[name].choices.items():
        told = [engine_of(f"{name}:{option}={value}").options for value in (values[0], values[-1])]
        assert len(set(told)) == 2
        assert f"{option} {values[-1]}" in told[1]


def test_options_reach_the_engine():
    reader = engine_of("tesseract:psm=6,thresholding_method=2")
    assert isinstance(reader, Tesseract)
    assert (reader.psm, reader.thresholding_method) == (6, 2)
    other = engine_of("rapidocr:max_side_len=8000")
    assert isinstance(other, RapidOcr)
    assert other.max_side_len == 8000


def test_equal_specs_are_one_text():
    assert spec_of("tesseract:thresholding_method=2,psm=06") == "tesseract:psm=6,thresholding_method=2"


@pytest.mark.parametrize(
    ("spec", "asked", "is_so"),
    [
        ("rapidocr", ("rapidocr",), True),
        ("rapidocr:max_side_len=8000", ("rapidocr",), True),
        ("rapidocr:max_side_len=8000", ("rapidocr:max_side_len=8000",), True),
        ("rapidocr", ("rapidocr:max_side_len=8000",), False),
        ("rapidocr:max_side_len=4000", ("tesseract", "rapidocr:max_side_len=8000"), False),
    ],
)
def test_a_name_alone_means_the_engine_with_any_options(spec, asked, is_so):
    assert is_asked(spec, asked) is is_so


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("tesserakt:psm=6", "unknown engine 'tesserakt'; did you mean 'tesseract'?"),
        ("tesseract:", "unknown option '' of the engine tesseract (choices: psm, thresholding_method)"),
        ("tesseract:pms=6", "unknown option 'pms' of the engine tesseract; did you mean 'psm'?"),
        ("null:psm=6", "unknown option 'psm' of the engine null: it has none"),
        ("tesseract:psm", "the option psm of the engine tesseract cannot be '': it is one of 1, 3, 4,"),
        ("tesseract:psm=2", "the option psm of the engine tesseract cannot be '2': it is one of 1, 3, 4,"),
        ("tesseract:psm=³", "the option psm of the engine tesseract cannot be '³'"),
        ("tesseract:psm=-6", "the option psm of the engine tesseract cannot be '-6'"),
        ("tesseract:psm=6,psm=7", "has the option psm twice"),
        ("tesseract:thresholding_method=3", "cannot be '3': it is a whole number from 0 to 2"),
        ("rapidocr:max_side_len=1e4", "cannot be '1e4': it is a whole number from 320 to 30000"),
    ],
)
def test_what_an_engine_cannot_do_is_one_sentence(spec, sentence):
    for ask in (spec_of, engine_of):
        with pytest.raises(UsageError) as refused:
            ask(spec)
        assert sentence in str(refused.value)
        assert "\n" not in str(refused.value)
