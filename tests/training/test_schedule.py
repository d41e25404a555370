from __future__ import annotations

import pytest

from docsr.errors import TrainingError
from docsr.train_config import ScheduleConfig
from docsr.training.schedule import Skips, SpikeGuard, learning_rate


def test_warm_up_is_linear():
    config = ScheduleConfig(steps=100, warmup=4)
    assert [learning_rate(config, step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert learning_rate(ScheduleConfig(warmup=0), 0) == 1.0


def test_cosine_falls_to_almost_nothing():
    config = ScheduleConfig(steps=100, warmup=10)
    rates = [learning_rate(config, step) for step in range(10, 100)]
    assert rates == sorted(rates, reverse=True)
    assert learning_rate(config, 55) == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001
    assert learning_rate(config, 500) == 0


def test_steps_halve():
    config = ScheduleConfig(steps=1000, warmup=10, shape="step", step_every=100)
    assert [learning_rate(config, step) for step in (10, 109, 110, 210, 310)] == [1, 1, 0.5, 0.25, 0.125]


def test_a_warm_up_longer_than_the_run():
    assert learning_rate(ScheduleConfig(steps=5, warmup=200), 4) == pytest.approx(0.025)


def test_a_spike_is_told_only_once_settled():
    guard = SpikeGuard(1.8)
    assert not guard.is_spike(1.0)
    assert not guard.is_spike(50.0)
    for _ in range(1000):
        guard.is_spike(1.0)
    assert guard.mean == pytest.approx(1.0, abs=0.1)
    assert not guard.is_spike(1.5)
    assert guard.is_spike(100.0)
    assert guard.mean < 1.2


def test_a_lasting_change_is_not_a_spike_for_ever():
    guard = SpikeGuard(1.8)
    for _ in range(200):
        guard.is_spike(1.0)
    assert [guard.is_spike(4.0) for _ in range(300)][-1] is False


def test_skips_are_counted_and_too_many_in_a_row_end_the_run():
    skips = Skips()
    for _ in range(3):
        for _ in range(Skips.MOST_IN_A_ROW - 1):
            skips.add("generator", taken=False)
        skips.add("generator", taken=True)
        skips.add("discriminator", taken=True)
    assert skips.total == 3 * (Skips.MOST_IN_A_ROW - 1)
    for _ in range(Skips.MOST_IN_A_ROW - 1):
        skips.add("discriminator", taken=False)
        skips.add("generator", taken=True)  # the other one's success is no comfort
    with pytest.raises(TrainingError, match=r"updates of the discriminator were skipped.*lower learning rate"):
        skips.add("discriminator", taken=False)
