from __future__ import annotations

import time

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from docsr.errors import Interrupted
from docsr.train import CURVES, train
from docsr.train_config_file import check_config
from tests.training_runs import TINY, Heard, config, interrupt

pytestmark = pytest.mark.usefixtures("on_the_cpu")


@pytest.mark.slow
def test_what_was_logged_before_a_resume_stays_visible(tmp_path, patches):
    with pytest.raises(Interrupted):
        train(config(), patches, tmp_path, Heard(3, interrupt))
    time.sleep(1.1)  # TensorBoard tells the order of two files by the second in their names
    train(config(), patches, tmp_path, Heard(), resume=True)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3, 4, 5, 6]


def test_an_interrupted_run_has_its_curves(tmp_path, patches):
    with pytest.raises(Interrupted):
        train(config(), patches, tmp_path, Heard(3, interrupt))
    with Image.open(tmp_path / CURVES) as picture:
        picture.load()


def test_what_is_logged_is_the_mean_of_the_steps_since_the_last_log(tmp_path, patches):
    logged = {}
    for every in (1, 3):
        one = check_config({**TINY, "output": {**TINY["output"], "log_every": every}})
        train(one, patches, tmp_path / str(every), heard := Heard())
        logged[every] = heard.steps
    assert sorted(logged[3]) == [3, 6]
    for last, scalars in logged[3].items():
        steps = [logged[1][step] for step in range(last - 2, last + 1)]
        assert scalars["loss"] == pytest.approx(sum(step["loss"] for step in steps) / 3)
        assert scalars["learning_rate"] == steps[-1]["learning_rate"]
