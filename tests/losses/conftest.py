from __future__ import annotations

from pathlib import Path

import pytest

from tests.losses.weights_files import recogniser_state, write


@pytest.fixture
def recogniser(tmp_path: Path) -> Path:
    return write(tmp_path / "english_g2.pth", recogniser_state())
