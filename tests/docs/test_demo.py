"""`make demo`, as far as it can be seen without a network; tests/docs/test_blocks.py runs it in an environment."""

from __future__ import annotations

import re
import subprocess

from tests.docs import ROOT


def test_nothing_is_left_beside_the_sources_by_the_demo() -> None:
    """`make demo` installs from a copy: setuptools would leave build/ and docsr.egg-info here."""
    ran = subprocess.run(["make", "-n", "-B", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not re.search(r"pip install .*(^|\s)'?\.(\[|\s|'|$)", ran)
    assert "hi/preview.html" in ran
