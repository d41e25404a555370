"""No key of a store, whatever it says, leads out of the folders that a Ray job copies to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from docsr.batch.options import EnhanceOptions
from docsr.integrations.places import Store, fetch_parts, merge_stored_parts
from docsr.integrations.ray_plan import Job, plan_jobs
from docsr.integrations.ray_worker import JobSpec, Worker
from docsr.io.paths.manifest import NAME, PARTS
from tests.command import picture

OPTIONS = EnhanceOptions(factor=2, model="bicubic")
UP = "../" * 12


@pytest.fixture
def stored(tmp_path: Path) -> str:
    return f"memory://names-{tmp_path.name}"


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    picture().save(tmp_path / "a.png")
    return (tmp_path / "a.png").read_bytes()


def put(url: str, content: bytes) -> None:
    """Put an object under a key to the letter: an object store takes any."""
    files, path = fsspec.core.url_to_fs(url)
    with files.open(path, "wb") as file:
        file.write(content)


@pytest.fixture
def worker(stored: str) -> Iterator[Worker]:
    order = JobSpec(OPTIONS, f"{stored}/out", "run", frozenset(), OPTIONS.signature(), 1, None)
    with closing(Worker(order)) as made:
        yield made


def worked(worker: Worker, jobs: list[Job]) -> list[Any]:
    batch = np.empty(len(jobs), dtype=object)
    batch[:] = jobs
    return list(worker({"job": batch})["result"])


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "key",
    [
        *("x/{up}{target}", "{up}{target}", "x/../../y.jsonl", "/{target}", "x/y.jsonl", ".jsonl/../x.jsonl"),
        *(".docsr-x.jsonl", "a.txt", "\0.jsonl", "x" * 300 + ".jsonl", "..jsonl/..", "\ud800.jsonl"),
    ],
)
def test_a_key_among_the_parts_of_a_manifest_is_written_nowhere_else(tmp_path, stored, key):
    target, folder = tmp_path / "home" / ".bashrc.jsonl", tmp_path / "copy"
    put(f"{stored}/out/{PARTS}/good.jsonl", b"{}\n")
    put(f"{stored}/out/{PARTS}/" + key.format(up=UP, target=str(target).lstrip("/")), b"echo owned\n")
    before = everything(tmp_path)
    fetch_parts(Store(f"{stored}/out"), folder)
    assert everything(tmp_path) - before == {folder / PARTS / "good.jsonl"}
    merge_stored_parts(Store(f"{stored}/out"), "good")


def test_planning_and_working_write_nothing_that_a_key_says(tmp_path, stored, image, worker):
    target = tmp_path / "home" / ".bashrc"
    for part in (f"x/{UP}{target}", f"{UP}{target}"):
        put(f"{stored}/out/{PARTS}/{part}".replace("//", "/").replace("memory:/", "memory://"), b"echo owned\n")
    put(f"{stored}/in/a.png", image)
    put(f"{stored}/out/a.png", b"another's")  # so that a worker asks the manifest again
    jobs = plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)
    ((row,),) = worked(worker, jobs)
    assert "is there already and not as docsr wrote it" in row.error
    assert not target.exists()


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize(
    "key", [f"{UP}etc/a.png", "a/../../b.png", "x" * 300 + ".png", "a\0b.png", ".docsr-x/../a.png", "..", "../..png"]
)
def test_a_key_that_is_no_name_costs_itself_alone(tmp_path, stored, image, worker, key):
    put(f"{stored}/in/{key}", image)
    put(f"{stored}/in/good.png", image)
    jobs = plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)
    rows = [row for rows in worked(worker, jobs) for row in rows]
    told = {row.status: row for row in rows}
    assert told["done"].input == f"{stored}/in/good.png"
    if "failed" in told:  # else it is no document by its name
        assert "cannot be the name of a file: " in told["failed"].error
        assert told["failed"].input == f"{stored}/in/{key}"
    assert not [path for path in everything(tmp_path) if path.name != "a.png"]


def test_keys_that_differ_by_slashes_alone_become_two_outputs(stored, image, worker):
    for key in ("a/b.png", "a//b.png", "/a/b.png"):
        put(f"{stored}/in/{key}", image)
    jobs = plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)
    assert len({job.place for job in jobs}) == len(jobs) == 3
    assert {rows[0].status for rows in worked(worker, jobs)} == {"done"}


def test_a_file_and_a_folder_of_one_name_harm_nobody_else(stored, image, worker):
    for key in ("a.png/b.png", "a.png", "c.png"):
        put(f"{stored}/in/{key}", image)
    jobs = plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)
    told = {rows[0].input.removeprefix(f"{stored}/in/"): rows[0] for rows in worked(worker, jobs)}
    assert told["c.png"].status == "done"
    assert "could not be read: it is a folder too" in told["a.png"].error  # so this client of a store sees it


def test_a_local_list_with_a_bad_name_is_planned_for_a_cluster(tmp_path, image):
    (tmp_path / "list.txt").write_bytes(b"a\0b.png\n" + bytes(tmp_path / "a.png"))
    for out in (str(tmp_path / "o"), f"memory://names-{tmp_path.name}/o"):
        jobs = plan_jobs([f"@{tmp_path / 'list.txt'}"], out, OPTIONS)
        assert [bool(job.refused) for job in jobs] == [True, False]


def test_the_manifest_itself_is_read_from_its_place_alone(tmp_path, stored, image):
    put(f"{stored}/in/a.png", image)
    put(f"{stored}/out/x/{NAME}", b"{}\n")
    assert len(plan_jobs([f"{stored}/in"], f"{stored}/out", OPTIONS)) == 1
