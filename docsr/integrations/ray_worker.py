"""Run the actors of a Ray job: each works on files as one machine does, and copies files that are in a remote store."""

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
    """What all actors of a job need to know.

    Attributes:
        options: what to do.
        out: the output folder: a path that all nodes see, or a URL.
        run: a unique name of this run.
        known: parts of the manifest of ``out`` that existed when the job was planned.
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
    """An actor that works in a separate process, so that a page that crashes or hangs does not harm other pages."""

    def __init__(self, spec: JobSpec) -> None:
        """Prepare the process; networks are loaded when the first page needs them."""
        self._spec, self._token, self._handed_over = spec, secrets.token_hex(4), 0
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
        """Work on the files in column ``job``; column ``result`` gets for each a list of PageResult, or an error.

        The error is a DocsrError for which no file is to blame (another docsr on this node, a network is missing).
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
            if self._store is not None:  # remove copies: a later task would take one for the store's content
                for job in jobs:
                    if not job.refused:
                        _remove(self._output(job))
        return {"result": _column(results)}

    def close(self) -> None:
        """End the process and remove the copies."""
        self._apart.close()
        self._until_closed.close()

    @cached_property
    def _copies(self) -> Path:
        """A temporary folder for copies of remote files."""
        return self._until_closed.enter_context(temporary_folder())

    def _check(self) -> None:
        spec = self._spec
        spec.options.check()
        if spec.options.signature() != spec.signature:
            raise UsageError(
                f"the node {platform.node()} has another docsr, or other networks: install the same on all"
            )

    def _done(self, job: Job) -> list[PageResult]:
        """Return the results of one file, under the names that the user knows."""
        if job.refused:
            refused = Task(Path(job.source), Path(self._spec.out), refused=job.refused)
            return [self._named(row, job, refused) for row in failed(refused, job.refused, FileProgress())]
        task = self._task(job)
        try:
            self._fetch(job, task)
            rows: list[PageResult] = self._apart(task)
        except (PageError, OSError) as error:
            rows = failed(task, sentence_of(error, job.source), FileProgress())
        finally:
            if task.name:  # the source is a copy
                _remove(task.source)
        return [self._named(row, job, task) for row in rows]

    def _task(self, job: Job) -> Task:
        path = local_path(job.source)
        source = path or below(self._copies / "in", PurePosixPath(job.source).name)
        return Task(source, self._output(job), job.entries, job.overwrite, "" if path else job.source)

    def _output(self, job: Job) -> Path:
        return below(self._out, job.place)

    def _fetch(self, job: Job, task: Task) -> None:
        """Copy remote files: the input, and an existing output, which is then checked as on one machine."""
        if task.name:
            Store(job.source).fetch("", task.source)
        if self._store is not None and self._store.has(job.place):
            self._store.fetch(job.place, task.output)
            if not any(entry.describes(task.output) for entry in job.entries):
                # This very run may have made it since, on a node that was lost before it could report.
                self._parts = fetch_parts(self._store, self._out, self._parts)

    def _named(self, row: PageResult, job: Job, task: Task) -> PageResult:
        output = str(task.output) if self._store is None else self._store.url_of(job.place)

        def shown(text: str | None) -> str | None:
            return text and text.replace(str(task.source), job.source).replace(str(self._out), self._spec.out)

        return replace(row, input=job.source, output=output, error=shown(row.error), warning=shown(row.warning))

    def _hand_over(self, store: Store, jobs: Sequence[Job], done: list[list[PageResult]]) -> list[list[PageResult]]:
        """Copy new outputs to the store after they are recorded in the manifest."""
        new_entries = [self._new_entry(job, rows) for job, rows in zip(jobs, done, strict=True)]
        try:
            self._note(store, [entry for entry in new_entries if entry is not None])
        except PageError as error:
            pairs = zip(done, new_entries, strict=True)
            return [rows if entry is None else _failed(rows, error) for rows, entry in pairs]
        results = []
        for job, rows, entry in zip(jobs, done, new_entries, strict=True):
            try:
                if entry is not None:
                    store.push(self._output(job), job.place)
                results.append(rows)
            except PageError as error:
                results.append(_failed(rows, error))
        return results

    def _new_entry(self, job: Job, rows: Sequence[PageResult]) -> Entry | None:
        """Return the manifest entry of an output that was just made, or None if none was made."""
        assert self._manifest is not None
        self._manifest.refresh()
        if all(row.bytes_out is None for row in rows):
            return None
        entries, output = self._manifest.entries(job.place), self._output(job)
        signatures = {self._spec.signature, incomplete(self._spec.signature)}
        return next(entry for entry in entries if entry.options in signatures and entry.describes(output))

    def _note(self, store: Store, entries: Sequence[Entry]) -> None:
        if entries:
            self._handed_over += 1
            lines = self._copies / "lines.jsonl"
            lines.write_bytes(b"".join(map(as_line, entries)))
            store.push(lines, f"{PARTS}/{self._spec.run}-{self._token}-{self._handed_over}.jsonl")


def _remove(copy: Path) -> None:
    """Remove a copy of a remote file; some clients of stores make it a folder."""
    if os.path.isdir(copy):
        rmtree(copy, ignore_errors=True)
    else:
        copy.unlink(missing_ok=True)


def _failed(rows: Sequence[PageResult], error: PageError) -> list[PageResult]:
    lost = [replace(row, status="unwritten", bytes_out=None) for row in rows]
    return [replace(lost[0], status="failed", error=str(error)), *lost[1:]]


def _column(values: Sequence[Any]) -> Any:
    """Return a column of objects; numpy would otherwise split them up."""
    column = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        column[number] = value
    return column
