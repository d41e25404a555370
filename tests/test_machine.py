from __future__ import annotations

import platform

import pytest

from docsr.machine import processor

CPUS = {
    "model name\t: AMD EPYC\nflags\t\t: sse2 avx avx2 avx512f avx512_vnni\n": "AMD EPYC (avx512_vnni)",
    "model name\t: AMD EPYC\nflags\t\t: sse2 avx avx2\n": "AMD EPYC (avx2)",
    "model name\t: old\nflags\t\t: sse2\n": "old",
    "CPU implementer\t: 0x41\nFeatures\t: fp asimd asimddp\n": f"{platform.machine()} (asimddp)",
}


@pytest.mark.parametrize(("told", "name"), [*CPUS.items()], ids=[*CPUS.values()])
def test_a_processor_is_told_with_the_instructions_that_decide_its_speed(told, name, tmp_path):
    (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    assert processor(tmp_path / "cpuinfo") == name


def test_a_processor_has_a_name_where_there_is_no_cpuinfo(tmp_path):
    assert processor(tmp_path / "cpuinfo")
