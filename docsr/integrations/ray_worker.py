"""What each actor of a Ray job does: files, as one machine does them, fetched and handed over where they lie afar."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Any

import numpy as np

from docsr.batch.file_progress import FileProgress, broken, failed, too_slow
from docsr.batch.options import EnhanceOptions
from docsr.batch.results import PageResult, Task
from docsr.batch.worker import FileEnhancer
from docsr.errors import DocsrError, PageError, UsageError, sentence_of
from docsr.integrations.places import Store, fetch_parts, local_path
from docsr.integrations.ray_plan import Job
from docsr.io.paths.manifest import PARTS, Entry, Manifest, as_line, incomplete
from docsr.pool import SingleWorker
from docsr.system.names import below
from docsr.system.temporary import temporary_folder


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What all actors of a job are told.

    Attributes:
        options: what is asked for.
        out: the output folder: a path that all nodes see, or a URL.
        run: a name of its own for this run.
        known: parts of the manifest of ``out`` that were there when it was planned.
        signature: of the options, where the job was started.
        threads: of one network call.
        time_limit: seconds that one page may take, or None.
    """

    options: EnhanceOptions
    out: str
    run: str
    known: frozenset[str]
    signature: str
    threads: int
    time_limit: float | None


class Worker:
    """Does files in a process apart, which a page may crash or hang without harm to the actor and to other pages."""

    def __init__(self, spec: JobSpec) -> None:
        """Prepare; networks are loaded when the first page needs them."""
        self._order, self._token, self._handed_over = spec, secrets.token_hex(4), 0
        self._until_closed = ExitStack()
        folder = local_path(spec.out)
        self._store = Store(spec.out) if folder is None else None
        self._out = folder or self._copies / "out"
        self._manifest = Manifest(self._out) if folder is None else None
        self._parts = spec.known
        part = None if folder is None else f"{spec.run}-{self._token}"
        beside = max(1, (os.cpu_count() or 1) // spec.threads)
        enhancer = FileEnhancer(spec.options, self._out, spec.threads, jobs=beside, part=part)
        lost, late = partial(broken, "give it a node with more memory"), partial(too_slow, spec.time_limit)
        memory = enhancer.memory if enhancer.is_bounded else None
        self._apart = SingleWorker(enhancer, lost, spec.time_limit, memory, on_timeout=late)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the files of the column ``job``; in the column ``result`` is a list of PageResult for each, or an error.

        A DocsrError there is one that no file is to blame for (another docsr on this node, a network that is missing).
        """
        jobs: list[Job] = list(batch["job"])
        results: list[Any]
        try:
            self._check()
            done = [self._done(job) for job in jobs]
            results = done if self._store is None else self._hand_over(self._store, jobs, done)
        except DocsrError as error:
            results = [error] * len(jobs)
        finally:
            if self._store is not None:  # copies; one that stays would pass for what is in the store
                for job in jobs:
                    if not job.refused:
                        _remove(self._output(job))
        return {"result": _column(results)}

    def close(self) -> None:
        """End its process and remove its copies."""
        self._apart.close()
        self._until_closed.close()

    @cached_property
    def _copies(self) -> Path:
        """A folder for copies of what lies afar."""
        return self._until_closed.enter_context(temporary_folder())

    def _check(self) -> None:
        spec = self._order
        spec.options.check()
        if spec.options.signature() != spec.signature:
            raise UsageError(
                f"the node {platform.node()} has another docsr, or other networks: install the same on all"
            )

    def _done(self, job: Job) -> list[PageResult]:
        """The results of one file, by the names that the user knows."""
        if job.refused:
            refused = Task(Path(job.source), Path(self._order.out), refused=job.refused)
            return [self._named(row, job, refused) for row in failed(refused, job.refused, FileProgress())]
        task = self._task(job)
        try:
            self._fetch(job, task)
            rows: list[PageResult] = self._apart(task)
        except (PageError, OSError) as error:
            rows = failed(task, sentence_of(error, job.source), FileProgress())
        finally:
            if task.name:  # a copy
                _remove(task.source)
        return [self._named(row, job, task) for row in rows]

    def _task(self, job: Job) -> Task:
        path = local_path(job.source)
        source = path or below(self._copies / "in", PurePosixPath(job.source).name)
        return Task(source, self._output(job), job.entries, job.overwrite, "" if path else job.source)

    def _output(self, job: Job) -> Path:
        return below(self._out, job.place)

    def _fetch(self, job: Job, task: Task) -> None:
        """Copy what lies afar: the input, and an output that is there, to be judged as one machine judges it."""
        if task.name:
            Store(job.source).fetch("", task.source)
        if self._store is not None and self._store.has(job.place):
            self._store.fetch(job.place, task.output)
            if not any(entry.describes(task.output) for entry in job.entries):
                # It may have been made since: in this very run, by a node that was lost before it could tell.
                self._parts = fetch_parts(self._store, self._out, self._parts)

    def _named(self, row: PageResult, job: Job, task: Task) -> PageResult:
        output = str(task.output) if self._store is None else self._store.url_of(job.place)

        def told(text: str | None) -> str | None:
            return text and text.replace(str(task.source), job.source).replace(str(self._out), self._order.out)

        return replace(row, input=job.source, output=output, error=told(row.error), warning=told(row.warning))

    def _hand_over(self, store: Store, jobs: Sequence[Job], done: list[list[PageResult]]) -> list[list[PageResult]]:
        """Put what was made where it belongs, after the manifest knows of it."""
        made = [self._made(job, rows) for job, rows in zip(jobs, done, strict=True)]
        try:
            self._note(store, [entry for entry in made if entry is not None])
        except PageError as error:
            return [rows if new is None else _failed(rows, error) for rows, new in zip(done, made, strict=True)]
        results = []
        for job, rows, new in zip(jobs, done, made, strict=True):
            try:
                if new is not None:
                    store.push(self._output(job), job.place)
                results.append(rows)
            except PageError as error:
                results.append(_failed(rows, error))
        return results

    def _made(self, job: Job, rows: Sequence[PageResult]) -> Entry | None:
        """The entry of an output that was made just now."""
        assert self._manifest is not None
        self._manifest.refresh()
        if all(row.bytes_out is None for row in rows):
            return None
        entries, output = self._manifest.entries(job.place), self._output(job)
        made = {self._order.signature, incomplete(self._order.signature)}
        return next(entry for entry in entries if entry.options in made and entry.describes(output))

    def _note(self, store: Store, entries: Sequence[Entry]) -> None:
        if entries:
            self._handed_over += 1
            lines = self._copies / "lines.jsonl"
            lines.write_bytes(b"".join(map(as_line, entries)))
            store.push(lines, f"{PARTS}/{self._order.run}-{self._token}-{self._handed_over}.jsonl")


def _remove(copy: Path) -> None:
    """Remove a copy of what lies afar, which some clients of stores make a folder of."""
    if os.path.isdir(copy):
        rmtree(copy, ignore_errors=True)
    else:
        copy.unlink(missing_ok=True)


def _failed(rows: Sequence[PageResult], error: PageError) -> list[PageResult]:
    lost = [replace(row, status="unwritten", bytes_out=None) for row in rows]
    return [replace(lost[0], status="failed", error=str(error)), *lost[1:]]


def _column(values: Sequence[Any]) -> Any:
    """A column of objects, which numpy would take apart."""
    column = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        column[number] = value
    return column
