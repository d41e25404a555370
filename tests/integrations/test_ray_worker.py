"""What an actor of a Ray job does, and what it is told to do, without Ray: over a store that fsspec holds in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from docsr.batch.options import EnhanceOptions
from docsr.batch.results import PageResult, Task
from docsr.batch.run import enhance_files, plan_files
from docsr.errors import DocsrError, MissingExtraError, NoInputError, PageError, UsageError
from docsr.integrations import ray as command
from docsr.integrations.places import Store, local_path, merge_stored_parts
from docsr.integrations.ray_plan import Job, plan_jobs
from docsr.integrations.ray_worker import JobSpec, Worker
from docsr.io.paths.manifest import NAME, PARTS
from tests.bad_pages import DAMAGED, GOOD, document
from tests.command import picture

OPTIONS = EnhanceOptions(factor=2, model="bicubic")


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """A URL below which nothing is, other than in any other test."""
    return f"memory://{tmp_path.name}"


@pytest.fixture
def worker() -> Iterator[Callable[..., Worker]]:
    """Makes workers, and closes them."""
    with ExitStack() as made:
        yield lambda *args, **options: made.enter_context(closing(Worker(order(*args, **options))))


def put(url: str, content: bytes) -> None:
    with fsspec.open(url, "wb") as file:
        file.write(content)


def order(out: str, signature: str | None = None) -> JobSpec:
    return JobSpec(OPTIONS, out, "run", frozenset(), signature or OPTIONS.signature(), 1, 60.0)


def worked(worker: Worker, jobs: list[Job]) -> list[Any]:
    batch = np.empty(len(jobs), dtype=object)
    batch[:] = jobs
    return list(worker({"job": batch})["result"])


def test_what_lies_afar_becomes_what_one_machine_makes_and_is_not_done_again(tmp_path, stored, worker):
    picture(60, 50).save(tmp_path / "a.png", dpi=(75, 75))
    picture(70, 40, "RGB").save(tmp_path / "b.jpg")
    tasks = plan_files([tmp_path / "a.png", tmp_path / "b.jpg"], tmp_path / "out", OPTIONS)
    assert {row.status for row in enhance_files(tasks, tmp_path / "out", OPTIONS)} == {"done"}
    put(f"{stored}/in/deep/a.png", (tmp_path / "a.png").read_bytes())
    put(f"{stored}/in/b.jpg", (tmp_path / "b.jpg").read_bytes())
    put(f"{stored}/in/text.png", b"this is no picture")
    put(f"{stored}/in/.hidden.png", b"")
    out = f"{stored}/out"
    first = worker(out)
    done = worked(first, plan_jobs([f"{stored}/in"], out, OPTIONS))
    told = {rows[0].input: rows[0] for rows in done}
    assert {name: row.status for name, row in told.items()} == {
        f"{stored}/in/deep/a.png": "done",
        f"{stored}/in/b.jpg": "done",
        f"{stored}/in/text.png": "failed",
    }
    error = told[f"{stored}/in/text.png"].error
    assert str(error).startswith(f"{stored}/in/text.png ")
    store = Store(out)
    for name, twin in (("deep/a.png", "a.png"), ("b.jpg", "b.jpg")):
        store.fetch(name, tmp_path / "made")
        assert (tmp_path / "made").read_bytes() == (tmp_path / "out" / twin).read_bytes()
    # A worker that is told nothing of what was made, because the one that made it was lost, finds it out.
    assert worked(worker(out), [Job(f"{stored}/in/b.jpg", "b.jpg")])[0][0].status == "skipped"
    merge_stored_parts(store, "run")
    assert store.names(PARTS) == [f"{PARTS}/run.jsonl"]
    again = worked(first, plan_jobs([f"{stored}/in"], out, OPTIONS))
    assert sorted(rows[0].status for rows in again) == ["failed", "skipped", "skipped"]


def test_a_changed_input_is_done_again_and_what_is_not_ours_is_left_alone(tmp_path, stored, worker):
    for size, name in ((60, "one"), (61, "two")):
        picture(size, 50).save(tmp_path / f"{name}.png")
    put(f"{stored}/in/a.png", (tmp_path / "one.png").read_bytes())
    put(f"{stored}/in/b.png", (tmp_path / "one.png").read_bytes())
    put(f"{stored}/out/b.png", b"somebody else's")
    one = worker(f"{stored}/out")
    jobs = plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)
    made, foreign = (rows[0] for rows in worked(one, jobs))
    assert (made.status, foreign.status) == ("done", "failed")
    assert f"{stored}/out/b.png is there already and not as docsr wrote it" in str(foreign.error)
    assert fsspec.open(f"{stored}/out/b.png").open().read() == b"somebody else's"
    put(f"{stored}/in/a.png", (tmp_path / "two.png").read_bytes())
    changed = worked(one, plan_jobs([f"{stored}/in/a.png"], f"{stored}/out", OPTIONS))[0][0]
    assert (changed.status, changed.size_out) == ("done", (122, 100))


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("lost", ["the note", "the output", "another file"])
def test_what_could_not_be_handed_over_is_done_again(tmp_path, stored, worker, monkeypatch, lost):
    picture().save(tmp_path / "a.png")
    picture().save(tmp_path / "b.png")
    jobs = plan_jobs([str(tmp_path / "a.png"), str(tmp_path / "b.png")], f"{stored}/out", OPTIONS)
    one, push = worker(f"{stored}/out"), Store.push

    def full(store: Store, source: Path, name: str) -> None:
        if name.startswith(PARTS) == (lost == "the note"):
            raise PageError(f"{store.url_of(name)} could not be written: it is full")
        push(store, source, name)

    def wrong(task: Task) -> list[PageResult]:
        if task.source.name == "b.png":
            raise UsageError("no network fits b.png")
        rows: list[PageResult] = apart(task)
        return rows

    apart = one._apart
    if lost == "another file":
        monkeypatch.setattr(one, "_apart", wrong)
        assert [str(error) for error in worked(one, jobs)] == ["no network fits b.png"] * 2
    else:
        monkeypatch.setattr(Store, "push", full)
        rows = [rows[0] for rows in worked(one, jobs)]
        assert [row.status for row in rows] == ["failed", "failed"]
        assert all("could not be written: it is full" in row.error for row in rows)
    assert [path.name for path in one._copies.rglob("*.png")] == []
    monkeypatch.setattr(Store, "push", push)
    monkeypatch.setattr(one, "_apart", apart)
    assert [rows[0].status for rows in worked(one, jobs)] == ["done", "done"]
    assert Store(f"{stored}/out").names()[-2:] == ["a.png", "b.png"]


def test_a_document_with_a_damaged_page_is_handed_over_and_done_again(tmp_path, stored, worker):
    document(tmp_path / "a.pdf", GOOD["jpeg"], DAMAGED["cut samples"])
    put(f"{stored}/in/a.pdf", (tmp_path / "a.pdf").read_bytes())
    for _ in range(2):
        (rows,) = worked(worker(f"{stored}/out"), plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS))
        assert [row.status for row in rows] == ["done", "failed"]
        assert rows[1].error.startswith(f"{stored}/in/a.pdf, page 2, could not be read: ")
        assert "a.pdf" in Store(f"{stored}/out").names()


def test_a_worker_of_another_docsr_does_nothing(tmp_path, stored, worker):
    picture().save(tmp_path / "a.png")
    jobs = plan_jobs([str(tmp_path / "a.png")], f"{stored}/out", OPTIONS)
    (refusal,) = worked(worker(f"{stored}/out", signature="another"), jobs)
    assert isinstance(refusal, UsageError)
    assert "has another docsr" in str(refusal)
    assert Store(f"{stored}/out").names() == []


def test_outputs_of_an_earlier_run_below_the_input_are_no_inputs(tmp_path, stored):
    for name in ("a.png", "hi/a.png", f"hi/{PARTS}/r.jsonl", "old/b.png", f"old/{NAME}", "now/c.png"):
        put(f"{stored}/{name}", b"x")
    jobs = plan_jobs([stored], f"{stored}/now", OPTIONS)
    assert [(job.source, job.place) for job in jobs] == [(f"{stored}/a.png", "a.png")]
    with pytest.raises(UsageError, match="is the input folder itself"):
        plan_jobs([stored], f"{stored}/", OPTIONS)
    with pytest.raises(NoInputError, match="no images and no PDF files in memory://"):
        plan_jobs([f"{stored}/none"], f"{stored}/now", OPTIONS)


def test_places_are_paths_or_urls_that_fsspec_knows():
    assert local_path("file:///a%20b/c") == Path("/a b/c")
    assert local_path("a/b") == Path("a/b")
    assert local_path("s3://bucket/a") is None
    with pytest.raises(UsageError, match="nothing://x cannot be opened"):
        Store("nothing://x")


def test_more_threads_than_any_node_has_are_refused():
    nodes = [{"Alive": True, "Resources": {"CPU": cpus}} for cpus in (2.0, 4.0)]
    nodes += [{"Alive": False, "Resources": {"CPU": 64.0}}, {"Alive": True, "Resources": {}}]
    command._refuse_threads(4, nodes)
    with pytest.raises(UsageError, match="--threads 5: the largest node of the Ray cluster has 4 CPUs"):
        command._refuse_threads(5, nodes)
    with pytest.raises(UsageError, match="has 0 CPUs"):
        command._refuse_threads(1, nodes[-1:])


def test_without_ray_its_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    results = command.enhance_on_cluster([], order(str(tmp_path)))
    with pytest.raises(MissingExtraError, match=r"pip install 'docsr\[ray\]'"):
        list(results)
    assert issubclass(MissingExtraError, DocsrError)
