from __future__ import annotations

import multiprocessing.synchronize  # before a test takes semaphores away
import os
import pickle
import signal
import time
from contextlib import closing
from itertools import islice
from multiprocessing import active_children

import numpy as np
import pytest
import torch

from docsr.errors import TrainingError, UsageError
from docsr.pairs.dataset import Context, Counting, PairDataset, StepLayout, crop, scale_range, stream
from docsr.pairs.store import PatchStore
from docsr.train_config import DataConfig
from tests.pairs import make_store, patches


def dataset(folder, seed=0, **options):
    return PairDataset(folder, "train", DataConfig(lr_patch=16, **options), [2], seed)


class Broken(PairDataset):
    def __getitem__(self, number):
        raise RuntimeError("something is wrong with the patches")


def test_a_sample_depends_on_seed_and_number_only(tmp_path):
    store = make_store(tmp_path)
    first, again, other = dataset(store), dataset(store), dataset(store, seed=1)
    for number in (0, 5, 10_000):
        lr, hr = first[number]
        assert lr.shape == (1, 16, 16)
        assert hr.shape == (1, 32, 32)
        assert lr.dtype == hr.dtype == torch.float32
        assert 0 <= float(hr.min()) <= float(hr.max()) <= 1
    for number in (10_000, 5, 0):  # another order
        assert all(torch.equal(a, b) for a, b in zip(first[number], again[number], strict=True))
    assert not torch.equal(first[0][1], other[0][1])
    assert not torch.equal(first[0][1], first[1][1])


@pytest.mark.slow
def test_a_worker_gives_the_same_batches(tmp_path):
    pairs = dataset(make_store(tmp_path))
    alone = list(islice(stream(pairs, StepLayout(2), 0, start=6), 3))
    with closing(stream(pairs, StepLayout(2), 1, start=6)) as batches:
        helped = list(islice(batches, 3))
    for mine, theirs in zip(alone, helped, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    assert torch.equal(alone[0][1][0], pairs[6][1])
    assert torch.equal(alone[2][1][1], pairs[11][1])


def test_where_no_worker_can_be_made_batches_are_the_same_and_that_is_told(tmp_path, monkeypatch, caplog):
    def refused(*_):
        raise OSError(38, "Function not implemented")

    pairs = dataset(make_store(tmp_path))
    alone = list(islice(stream(pairs, StepLayout(2), 0, start=6), 3))
    monkeypatch.setattr("_multiprocessing.SemLock", refused)
    monkeypatch.setattr("docsr.pool.processes._told", set())
    for batch, same in zip(alone, stream(pairs, StepLayout(2), 2, start=6), strict=False):
        assert all(torch.equal(a, b) for a, b in zip(batch, same, strict=True))
    (told,) = caplog.messages
    assert "no other can be started" in told
    assert told.endswith("which prepares batches too")


@pytest.mark.slow
def test_a_signal_to_all_processes_leaves_a_worker_at_work(tmp_path):
    with closing(stream(dataset(make_store(tmp_path)), StepLayout(2), 1, start=0)) as batches:
        next(batches)
        (worker,) = active_children()
        assert worker.pid is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(worker.pid, number)
        assert sum(1 for _ in islice(batches, 30)) == 30  # more than were prepared ahead
        assert worker.is_alive()
    worker.join(5)  # and yet it ends when it is told: or a command would never return
    assert not worker.is_alive()


@pytest.mark.slow
def test_a_worker_that_dies_is_told_between_batches(tmp_path):
    before = signal.getsignal(signal.SIGCHLD)
    with closing(stream(dataset(make_store(tmp_path)), StepLayout(2), 2, start=0)) as batches:
        next(batches)
        assert signal.getsignal(signal.SIGCHLD) == before  # nothing is raised in the middle of a step
        worker, other = active_children()
        worker.kill()
        worker.join()
        with pytest.raises(TrainingError, match=r"process that prepares batches died .*data\.workers=0") as caught:
            for _ in islice(batches, 100):
                pass
    assert "\n" not in str(caught.value)
    other.join(5)
    assert not other.is_alive()


def wait_for(event, told):
    told.send(event.is_set())
    while not event.is_set():
        time.sleep(0.01)
    told.send(event.is_set())


@pytest.mark.slow
def test_workers_are_told_to_end_without_a_lock_that_a_dead_one_could_hold():
    context = Context()
    event, (hearing, told) = context.Event(), context.Pipe(duplex=False)
    assert not any(isinstance(one, multiprocessing.synchronize.SemLock) for one in vars(event).values())
    waiting = [context.Process(target=wait_for, args=(event, told), daemon=True) for _ in range(2)]
    for process in waiting:
        process.start()
    assert [hearing.recv() for _ in waiting] == [False, False]
    waiting[0].kill()
    event.set()
    assert hearing.recv()
    waiting[1].join(10)
    assert waiting[1].exitcode == 0


@pytest.mark.slow
def test_an_error_in_a_worker_is_not_taken_for_its_death(tmp_path):
    pairs = Broken(make_store(tmp_path), "train", DataConfig(lr_patch=16), [2], 0)
    with (
        closing(stream(pairs, StepLayout(2), 1, start=0)) as batches,
        pytest.raises(RuntimeError, match="something is wrong"),
    ):
        next(batches)


def test_a_worker_is_not_sent_the_patches(tmp_path):
    store = PatchStore(make_store(tmp_path, train=64), "train")
    data = pickle.dumps(store)
    assert len(data) < 2_000
    assert np.array_equal(pickle.loads(data)[63], store[63])


def test_counting_starts_where_told():
    assert list(islice(Counting(7, StepLayout(2)), 3)) == [7, 8, 9]


def test_processes_share_a_step_and_leave_nothing_out():
    shares = [StepLayout(2, batches=3, rank=rank, processes=4) for rank in range(4)]
    assert {share.step for share in shares} == {24}
    steps = [[*zip(*[iter(islice(Counting(5, share), 18))] * 6, strict=True)] for share in shares]
    for number in range(3):
        drawn = [sample for mine in steps for sample in mine[number]]
        assert drawn == list(range(5 + 24 * number, 5 + 24 * (number + 1)))


def test_scale_range():
    low, high = scale_range(DataConfig(x_height=(18.0, 24.0)), 64, 24.0, 32)
    assert (low, high) == (0.75, 1.0)
    assert scale_range(DataConfig(x_height=(18.0, 48.0)), 64, 24.0, 32) == (0.75, 1.0)  # never enlarged
    assert scale_range(DataConfig(x_height=(6.0, 12.0)), 64, 24.0, 32) == (0.5, 0.5)  # no smaller than the patch allows
    assert scale_range(DataConfig(), 64, 24.0, 64) == (1.0, 1.0)


def test_scale_range_refuses():
    with pytest.raises(UsageError, match=r"lower data\.lr_patch"):
        scale_range(DataConfig(), 64, 24.0, 65)
    with pytest.raises(UsageError, match="larger text than the prepared 24 px"):
        scale_range(DataConfig(x_height=(30.0, 40.0)), 64, 24.0, 32)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 1.0), (0.5, 0.5)])
def test_crop_has_the_size_asked_for(scale):
    random = np.random.default_rng(0)
    for _ in range(10):
        assert crop(patches(1, 64)[0], 32, scale, random).shape == (32, 32)
