"""Tell which of Tesseract's languages are written in Latin letters, the only letters that the shipped networks know."""

from __future__ import annotations

from collections.abc import Iterable

_OTHERS = """
amh ara asm aze_cyrl bel ben bod bul chi_sim chi_sim_vert chi_tra chi_tra_vert chr div dzo ell fas grc guj heb hin hye
iku jpn jpn_vert kan kat kat_old kaz khm kir kor kor_vert lao mal mar mkd mon mya nep ori pan pus rus san sin snd srp
syr tam tat tel tgk tha tir uig ukr urd uzb_cyrl yid
"""
_NOT_LATIN = frozenset(_OTHERS.split())
_LATIN_SCRIPTS = frozenset({"script/Latin", "script/Fraktur", "script/Vietnamese"})


def in_latin_letters(languages: Iterable[str]) -> bool:
    """Return whether all languages are written in Latin letters.

    Args:
        languages: Tesseract's names (``eng``, ``chi_sim``, ``script/Cyrillic``); unknown names count as Latin.
    """
    return not any(
        name in _NOT_LATIN or (name.startswith("script/") and name not in _LATIN_SCRIPTS) for name in languages
    )
