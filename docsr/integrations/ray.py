"""Run ``docsr enhance`` on a Ray cluster: ``python -m docsr.integrations.ray --help``; see docs/ray.md.

A Ray Data pipeline distributes the files to actors. Each actor works on its files as one machine does
(``FileEnhancer``).
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsr.choices import MOST_JOBS
from docsr.cli.enhance import check_report, tell_all
from docsr.cli.enhance import enhance as on_one_machine
from docsr.cli.numbers import MOST, Whole
from docsr.cli.output import JsonLines, Lines, Tally
from docsr.cli.progress import Course
from docsr.cli.top import run
from docsr.errors import DocsrError, Interrupted, MissingExtraError, UsageError, first_line
from docsr.pool import interruptible

if TYPE_CHECKING:
    from docsr.batch.results import PageResult
    from docsr.integrations.ray_plan import Job
    from docsr.integrations.ray_worker import JobSpec
    from docsr.io.paths.passed_over import PassedOver

RAY_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
"""Ray's environment unless the user sets it: nothing is reported to its makers or printed on the user's terminal."""

SECONDS_TO_ANSWER = 10.0

FILES_AT_ONCE = 16
"""Files in one Ray task: with fewer, its scheduler takes more time; with more, more are repeated if a node is lost."""

TASKS_PER_ACTOR = 8
"""The least number of tasks per actor if files are few; with fewer, all would wait for the last actor."""

FILES_IN_FLIGHT = 100_000
"""Files that Ray Data gets at a time, because it keeps each of its blocks until the end."""


def enhance_on_cluster(
    jobs: Sequence[Job], spec: JobSpec, *, actors: int | None = None, address: str = "auto"
) -> Iterator[PageResult]:
    """Enhance files on a Ray cluster; yield one result per page as files finish, in no particular order.

    Written outputs are recorded at once, by each actor in its own part of the manifest; at the end the parts are
    merged.

    Args:
        jobs: from :func:`docsr.integrations.ray_plan.plan_jobs`.
        spec: what all actors need to know.
        actors: how many work at a time; None for as many as the cluster has room for.
        address: of the cluster; ``auto`` for the one that this machine is part of, ``local`` for a temporary one.

    Raises:
        Interrupted: the user stopped the run.
        UsageError: there is no such cluster, or its nodes are too small for the actors.
        DocsrError: the connection to the cluster was lost.
    """
    from docsr.batch.run import tidied
    from docsr.integrations.places import local_path
    from docsr.system.names import below

    folder = local_path(spec.out)
    places = [] if folder is None else [folder, *(below(folder, job.place).parent for job in jobs if not job.refused)]
    with tidied(set(places)):
        try:
            with _cluster(address, spec.threads) as cpus:
                count = actors or max(1, cpus // spec.threads)
                for start in range(0, len(jobs), FILES_IN_FLIGHT):
                    yield from _results(jobs[start : start + FILES_IN_FLIGHT], spec, count)
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted: finished files are kept, run the same command again to go on") from error
    _merge(spec, folder)


def _merge(spec: JobSpec, folder: Path | None) -> None:
    from docsr.integrations.places import Store, merge_stored_parts
    from docsr.io.paths.manifest import merge_parts

    if folder is None:
        merge_stored_parts(Store(spec.out), spec.run)
    else:
        merge_parts(folder, f"{spec.run}-")


@contextmanager
def _cluster(address: str, threads: int) -> Iterator[int]:
    """Connect to a cluster that has room for actors of so many threads, and yield how many CPUs it has."""
    for name, value in RAY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        from ray.data import DataContext
        from ray.exceptions import RayError
    except ModuleNotFoundError as error:
        raise MissingExtraError("a Ray cluster", "ray") from error
    _check_address(address)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with interruptible():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError, RayError) as error:
        remedy = "start one with `ray start --head`, or give --address local"
        raise UsageError(f"no Ray cluster at {address} could be joined: {remedy} ({first_line(error)})") from error
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray has replaced the command's handler
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_no_progress_timeout_s = -1  # docsr has its own time limit for pages
        _refuse_threads(threads, ray.nodes())
        yield int(ray.cluster_resources().get("CPU", 1))
    except DocsrError:
        raise
    except Exception as error:  # Ray Data raises other errors than Ray's own too
        remedy = "finished files are kept, run the same command again to go on"
        raise DocsrError(f"the Ray cluster failed: {first_line(error)}; {remedy}") from error
    finally:
        ray.shutdown()


def _refuse_threads(threads: int, nodes: Sequence[dict[str, Any]]) -> None:
    """Refuse actors that fit on no node: Ray would wait silently until there is one."""
    largest = max((node["Resources"].get("CPU", 0) for node in nodes if node["Alive"]), default=0)
    if threads > largest:
        raise UsageError(
            f"--threads {threads}: the largest node of the Ray cluster has {largest:g} CPUs, and an actor needs all of "
            "its CPUs on one node: give fewer, or start a larger node first"
        )


def _check_address(address: str) -> None:
    """Refuse an address where nothing listens: Ray would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"there is no Ray cluster at {address}: start one with `ray start --head`, or give --address local"
            ) from error


def _results(jobs: Sequence[Job], spec: JobSpec, actors: int) -> Iterator[PageResult]:
    """Run one pipeline: from files through actors to the results of their pages."""
    import ray.data

    from docsr.integrations.ray_worker import Worker

    tasks = max(math.ceil(len(jobs) / FILES_AT_ONCE), min(len(jobs), TASKS_PER_ACTOR * actors))
    files = ray.data.from_items([{"job": job} for job in jobs], override_num_blocks=tasks)
    done = files.map_batches(
        Worker,
        fn_constructor_args=(spec,),
        batch_size=None,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(size=min(actors, tasks)),
        num_cpus=spec.threads,
    )
    rows = iter(done.iter_rows())
    while True:
        with interruptible():
            row = next(rows, None)
        if row is None:
            return
        if isinstance(row["result"], DocsrError):
            raise row["result"]
        yield from row["result"]


def _enhance(
    inputs: tuple[str, ...],
    out: str,
    actors: int | None,
    threads: int,
    address: str,
    time_limit: float,
    overwrite: bool,
    report: Path | None,
    log_json: bool,
    **enhance_options: Any,
) -> int:
    """Enlarge images and scans in PDF files on a Ray cluster, as `docsr enhance` does on one machine.

    INPUT is a file, or a folder with everything below it. It is a path that is the same on all nodes, or a URL
    (s3://..., gs://..., whatever fsspec supports); so is OUT. All nodes need the same version of docsr. Outputs,
    manifest and exit codes are those of `docsr enhance`. To continue an interrupted run, give the same command again.
    """
    from docsr.batch.results import Task
    from docsr.io.paths.passed_over import PassedOver
    from docsr.system.names import below

    model = enhance_options["model"]
    if model is not None and os.path.isfile(Path(model)):
        enhance_options["model"] = model = os.path.abspath(model)
    passed = PassedOver()
    jobs, spec = _planned(inputs, out, enhance_options, overwrite, threads, time_limit or None, passed)
    if report is not None:
        own = [job for job in jobs if "://" not in job.source and not job.refused]
        tasks = [Task(Path(job.source), below(Path(spec.out), job.place)) for job in own]
        check_report(report, tasks, Path(spec.out), Path(model or spec.out), overwrite=overwrite)
    results = enhance_on_cluster(jobs, spec, actors=actors, address=address)
    tally = Tally(report is not None, spec.options, passed)
    return tell_all(results, Course(len(jobs)), JsonLines() if log_json else Lines(), report, tally, again=overwrite)


def _planned(
    inputs: Sequence[str],
    out: str,
    enhance_options: dict[str, Any],
    overwrite: bool,
    threads: int,
    time_limit: float | None,
    passed: PassedOver,
) -> tuple[list[Job], JobSpec]:
    """Return the jobs, and what all actors need to know; paths are absolute, as actors start in other folders."""
    from docsr.batch.options import check_time_limit
    from docsr.batch.run import EnhanceOptions
    from docsr.integrations.places import Store, local_path
    from docsr.integrations.ray_plan import plan_jobs
    from docsr.integrations.ray_worker import JobSpec
    from docsr.io.paths.manifest import PARTS

    check_time_limit(time_limit)
    options, folder = EnhanceOptions(**enhance_options), local_path(out)
    place = out.rstrip("/") if folder is None else os.path.abspath(folder)
    parts = frozenset(Store(place).names(PARTS)) if folder is None else frozenset()
    jobs = plan_jobs(inputs, place, options, overwrite=overwrite, passed=passed)
    spec = JobSpec(options, place, secrets.token_hex(4), parts, options.signature(), threads, time_limit)
    return jobs, spec


def _command() -> click.Command:
    """Return the command; options with the same meaning are those of `docsr enhance`."""
    from docsr.batch.options import EnhanceOptions

    options = {field.name for field in fields(EnhanceOptions)} - {"sandbox"}  # a sandbox must know all files beforehand
    shared = options | {"time_limit", "overwrite", "report", "log_json"}
    return click.Command(
        "docsr.integrations.ray",
        callback=_enhance,
        help=_enhance.__doc__,
        params=[
            click.Argument(["inputs"], nargs=-1, required=True, metavar="INPUT..."),
            click.Option(["--out"], required=True, help="Output folder."),
            click.Option(["--actors"], type=Whole(1, MOST), help="Files to work on at a time.  [default: all CPUs]"),
            click.Option(
                ["--threads"], type=Whole(1, MOST_JOBS), default=1, show_default=True, help="CPUs of each actor."
            ),
            click.Option(
                ["--address"],
                default="auto",
                show_default=True,
                help="Of the cluster; auto: the one of this machine; local: a temporary one, for this job only.",
            ),
            *(parameter for parameter in on_one_machine.params if parameter.name in shared),
        ],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )


if __name__ == "__main__":
    run(_command())
