import os
import signal
import threading
import time
from concurrent.futures import Future
from functools import partial

import pytest

from docsr import pool
from docsr.pool import concluding, patient, run_here, run_in_processes
from docsr.pool.patience import interruptible
from tests.pool.test_pool import broken, interrupt_when

STOPS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def terminated_as_interrupted():
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGTERM, before) is signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_waits_until_one_may_interrupt(number):
    reached = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        os.kill(os.getpid(), number)
        reached.append("held")
        with interruptible():
            reached.append("interrupted")
    assert reached == ["held"]


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_interrupts_at_once_where_it_may(number):
    reached = []
    with pytest.raises(KeyboardInterrupt), patient(), interruptible():  # noqa: PT012
        os.kill(os.getpid(), number)
        reached.append("after")
    assert reached == []


def test_a_second_signal_does_not_wait():
    reached = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("first")
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("second")
    assert reached == ["first"]


def test_a_signal_that_nothing_could_hear_interrupts_at_the_end():
    reached = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("whole")
    assert reached == ["whole"]


def test_what_went_wrong_is_told_rather_than_the_signal():
    with pytest.raises(ValueError, match="wrong"), patient():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        raise ValueError("wrong")


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with patient(), interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_may_be_patient_too():
    seen = []

    def wait():
        with patient(), interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def double(item):
    return 2 * item


def conclude_and_be_interrupted(item):
    concluding()
    if item == 1:
        os.kill(os.getpid(), signal.SIGINT)
    return 2 * item


def conclude_when_another_does(item, folder):
    concluding()
    (folder / f"{item}").touch()
    time.sleep(2)
    return 2 * item


@pytest.mark.parametrize("call", [double, conclude_and_be_interrupted])
@pytest.mark.parametrize("number", STOPS)
def test_what_was_done_here_is_known_though_a_signal_comes(call, number):
    found: list[int] = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        for item, result in run_here(call, range(5)):
            if item == 1 and call is double:
                os.kill(os.getpid(), number)
            found.append(result)
    assert found == [0, 2]


@pytest.mark.slow_except("15")
@pytest.mark.parametrize("number", STOPS)
def test_what_workers_did_is_known_though_a_signal_comes_when_it_is_taken(number):
    found: list[int] = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        for _, result in run_in_processes(double, range(4), jobs=2, on_crash=broken):
            if not found:
                time.sleep(1)  # all are done
                os.kill(os.getpid(), number)
            found.append(result)
    assert sorted(found) == [0, 2, 4, 6]


@pytest.mark.slow
def test_a_worker_is_not_interrupted_when_its_item_is_as_good_as_done(tmp_path):
    watcher = threading.Thread(target=interrupt_when, args=(tmp_path, "0", "1"))
    watcher.start()
    found = []
    with pytest.raises(KeyboardInterrupt), patient():  # noqa: PT012
        for _, result in run_in_processes(
            partial(conclude_when_another_does, folder=tmp_path), range(9), jobs=2, on_crash=broken
        ):
            found.append(result)
    watcher.join()
    assert sorted(found) == [0, 2]


def test_what_had_finished_when_a_worker_died_is_known_though_the_rest_is_interrupted():
    finished, lost = Future[str](), Future[str]()
    finished.set_result("whole")
    lost.set_exception(RuntimeError("the pool broke"))

    def alone(item):
        raise KeyboardInterrupt

    found = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        for result in pool._each_alone([(0, finished), (1, lost), (2, finished), (3, lost)], alone):
            found.append(result)
    assert found == [(0, "whole"), (2, "whole")]
