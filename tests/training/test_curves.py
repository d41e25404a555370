from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from docsr.training.curves import PANELS, draw_curves


def drawn(folder, tags):
    with SummaryWriter(str(folder / "log")) as writer:
        for tag in tags:
            for step in range(1, 6):
                writer.add_scalar(tag, 10 / step, step)
    draw_curves(folder / "log", folder / "curves.png")
    with Image.open(folder / "curves.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_there_is_a_panel_for_each_thing_that_was_logged(tmp_path, count):
    """Loss alone, with PSNR, and with CER beside it: each is as wide as the others and has its lines."""
    picture = drawn(tmp_path, [tag for _, tags in PANELS[:count] for tag in tags])
    width = picture.shape[1]
    assert width == pytest.approx(count * 550, abs=2)
    for number in range(count):
        panel = picture[:, number * width // count : (number + 1) * width // count]
        coloured = (panel.max(axis=2) - panel.min(axis=2)) > 60
        assert coloured.sum() > 200
