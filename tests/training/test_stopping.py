"""A run is asked to stop, or something that may be dropped is ended at once."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from docsr.training.stopping import Stopped, stop_signals

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def sent(number):
    os.kill(os.getpid(), number)
    threading.Event().wait(20)


def cleaning(number, cleaned):
    try:
        sent(number)
    finally:
        os.kill(os.getpid(), number)
        cleaned.append(True)


@SIGNALS
def test_a_signal_is_a_question_and_within_a_block_an_end(number):
    with stop_signals() as stop:
        assert not stop()
        with stop.at_once():
            pass
        with pytest.raises(Stopped), stop.at_once():
            sent(number)
        assert stop()
        os.kill(os.getpid(), number)  # outside of such a block it ends nothing


@SIGNALS
def test_a_signal_that_came_before_ends_the_block_too_and_a_second_one_leaves_the_cleaning_up_alone(number):
    with stop_signals() as stop:
        os.kill(os.getpid(), number)
        with pytest.raises(Stopped), stop.at_once():
            raise AssertionError("never reached")
        cleaned: list[bool] = []
        with pytest.raises(Stopped), stop_signals() as other, other.at_once():
            cleaning(number, cleaned)
    assert cleaned


def test_another_thread_than_the_main_one_may_train():
    found = []

    def run():
        with stop_signals() as stop:
            found.append(stop())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False]
