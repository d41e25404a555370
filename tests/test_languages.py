"""Tesseract's codes, the scripts that they stand for, and what is said of others."""

from __future__ import annotations

import subprocess

import pytest

from docsr.errors import UsageError
from docsr.languages import codes_of, known_among, script_name, scripts_of

OFFICIAL = """
afr amh ara asm aze aze_cyrl bel ben bod bos bre bul cat ceb ces chi_sim chi_sim_vert chi_tra chi_tra_vert chr cos cym
dan deu deu_latf div dzo ell eng enm epo equ est eus fao fas fil fin fra frk frm fry gla gle glg grc guj hat heb hin hrv
hun hye iku ind isl ita ita_old jav jpn jpn_vert kan kat kat_old kaz khm kir kmr kor kor_vert lao lat lav lit ltz mal
mar mkd mlt mon mri msa mya nep nld nor oci ori osd pan pol por pus que ron rus san sin slk slv snd spa spa_old sqi srp
srp_latn sun swa swe syr tam tat tel tgk tha tir ton tur uig ukr urd uzb uzb_cyrl vie yid yor
script/Arabic script/Armenian script/Bengali script/Canadian_Aboriginal script/Cherokee script/Cyrillic
script/Devanagari script/Ethiopic script/Fraktur script/Georgian script/Greek script/Gujarati script/Gurmukhi
script/HanS script/HanS_vert script/HanT script/HanT_vert script/Hangul script/Hangul_vert script/Hebrew
script/Japanese script/Japanese_vert script/Kannada script/Khmer script/Lao script/Latin script/Malayalam
script/Myanmar script/Oriya script/Sinhala script/Syriac script/Tamil script/Telugu script/Thaana script/Thai
script/Tibetan script/Vietnamese
"""
"""The files of tessdata_best and tessdata_fast, as `tesseract --list-langs` lists them."""


def test_every_code_of_tesseract_has_a_script_with_a_name() -> None:
    scripts = {code: scripts_of([code]) for code in OFFICIAL.split()}
    assert {code for code, found in scripts.items() if not found} == {"equ", "osd"}
    assert {one for found in scripts.values() for one in found if script_name(one) == one} == {"Thai"}


def test_every_language_that_is_installed_is_known() -> None:
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout
    installed = listed.splitlines()[1:]
    assert "eng" in installed
    assert codes_of(installed) == tuple(installed)


@pytest.mark.parametrize(
    ("languages", "scripts"),
    [
        (["eng"], ("Latn",)),
        (["deu+rus", "eng"], ("Latn", "Cyrl")),
        (["srp_latn"], ("Latn",)),
        (["srp"], ("Cyrl",)),
        (["chi_tra_vert"], ("Hant",)),
        (["script/Vietnamese", "Cyrillic"], ("Latn", "Cyrl")),
        (["frk"], ("Latf",)),
        (["osd", "eng"], ("Latn",)),
        ([], ()),
    ],
)
def test_scripts_of_languages(languages: list[str], scripts: tuple[str, ...]) -> None:
    assert scripts_of(languages) == scripts


@pytest.mark.parametrize(
    ("given", "near"),
    [("en", "eng"), ("latin", "script/Latin"), ("RUS", "rus"), ("chi-sim", "chi_sim"), ("eng+rsu", "rus"), ("", None)],
)
def test_an_unknown_code_is_one_sentence_that_names_the_nearest(given: str, near: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        scripts_of([given])
    told = str(caught.value)
    assert told.startswith("Tesseract has no language ")
    assert "\n" not in told
    assert ("the nearest are" in told) is (near is not None)
    assert near is None or near in told


def test_a_list_of_another_program_may_name_data_of_its_own() -> None:
    assert known_among(["eng", "mine", "Cyrillic", "osd"]) == ("eng", "Cyrillic", "osd")
