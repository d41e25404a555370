from __future__ import annotations

import pytest

from docsr.training import clock
from docsr.training.clock import Clock, Means


def test_waiting_and_stepping_are_told_apart_and_the_rest_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 4.0, 100.0, 100.5, 104.0])
    monkeypatch.setattr(clock, "perf_counter", lambda: next(times))
    one = Clock()
    for _ in range(2):
        one.begin()
        one.waited()
        one.stepped()
    assert one.read() == {"seconds": 4.0, "waiting": 1.5 / 8}
    assert one.read() == {"seconds": 0.0, "waiting": 0.0}


def test_means_are_of_the_steps_since_the_last_reading():
    means = Means()
    for scalars in ({"loss": 1.0}, {"loss": 2.0, "adversarial": 5.0}):
        means.add(scalars)
    assert means.read() == {"loss": 1.5, "adversarial": 5.0}
    means.add({"loss": 7.0})
    assert means.read() == {"loss": 7.0}
    assert means.read() == {}
