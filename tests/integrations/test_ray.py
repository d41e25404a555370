"""`python -m docsr.integrations.ray` on a Ray cluster of this machine, over folders and over an S3 server."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from PIL import Image

from docsr.io.paths.manifest import NAME, PARTS
from tests.command import picture

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
SCRIPT = ("-m", "benchmarks.torture.ray_torture")
SECONDS = 500


def said(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, words)]
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    quiet["RAY_agent_register_timeout_ms"] = "120000"  # this machine may be slow
    environment = {**os.environ, **quiet, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=SECONDS)


def on_ray(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ["--factor", 2, "--actors", 2, "--address", "local", "--log-json"]
    return said("docsr.integrations.ray", *words, *options, **environment)


def statuses(ran: subprocess.CompletedProcess[str]) -> dict[str, str]:
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    return {Path(row["input"]).name: row["status"] for row in rows if "status" in row}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def pages(folder: Path) -> Path:
    """Some pages of several kinds, and one that is none."""
    for number, suffix in enumerate(["png", "jpg", "tif", "webp"] * 2):
        path = folder / f"{number % 2}" / f"{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(60 + number, 50).save(path, dpi=(75, 75))
    (folder / "bad.png").write_bytes(b"this is no picture")
    return folder


def test_a_lost_node_costs_nothing(tmp_path):
    command = [sys.executable, *SCRIPT, "--out", tmp_path / "ray.json", "--pages", "40", "--only-kill"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=2 * SECONDS)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "ray.json").read_text())
    assert (found["pages"], found["outputs"], found["broken"]) == (40, 40, [])
    assert found["processes_killed"] > 1
    assert found["done_when_killed"] < 40


def test_what_fails_is_told_and_a_second_run_does_only_that(tmp_path):
    given, out = pages(tmp_path / "in"), tmp_path / "out"
    Image.effect_noise((100_000, 400), 50).save(given / "slow.png")  # one row of many tiles
    network = ["--model", "compact_x2"]
    first = on_ray(given, "--out", out, *network, "--time-limit", 20)
    assert first.returncode == 1, first.stderr
    wanted = {path.name: "done" for path in given.rglob("*.*")} | {"bad.png": "failed", "slow.png": "failed"}
    assert statuses(first) == wanted
    errors = {row["error"] for row in map(json.loads, first.stdout.splitlines()) if row.get("error")}
    assert any(error.startswith(f"{given}/bad.png ") for error in errors)
    assert any(f"{given}/slow.png ended the process that worked on it" in error for error in errors)
    one_machine = said("docsr", "enhance", given / "0", given / "1", "--out", tmp_path / "one", "--factor", 2, *network)
    assert one_machine.returncode == 0
    by_name = {Path(name).name: content for name, content in contents(out).items()}
    assert by_name == {Path(name).name: content for name, content in contents(tmp_path / "one").items()}
    assert {json.loads(line)["output"] for line in (out / NAME).read_text().splitlines()} == contents(out).keys()
    for name in ("bad", "slow"):
        picture().save(given / f"{name}.png")
    second = on_ray(given, "--out", out, *network)
    assert second.returncode == 0, second.stderr
    assert statuses(second) == dict.fromkeys(wanted, "skipped") | {"bad.png": "done", "slow.png": "done"}
    one_machine = said("docsr", "enhance", given, "--out", out, "--factor", 2, *network)
    assert one_machine.stdout.splitlines()[-1] == "10 files skipped, up to date"


def test_no_cluster_is_one_sentence(tmp_path):
    ran = said("docsr.integrations.ray", pages(tmp_path / "in"), "--out", tmp_path / "out", "--address", "127.0.0.1:1")
    assert ran.returncode == 2
    assert ran.stderr.startswith("docsr: error: there is no Ray cluster at 127.0.0.1:1: start one with")
    assert ran.stderr.count("\n") == 1


def test_more_threads_than_any_node_has_are_refused(tmp_path):
    ran = on_ray(pages(tmp_path / "in"), "--out", tmp_path / "out", "--threads", 10_000)
    assert ran.returncode == 2
    told = ran.stderr.splitlines()[-1]  # after what Ray itself says
    assert told.startswith("docsr: error: --threads 10000: the largest node of the Ray cluster has ")
    assert contents(tmp_path / "out") == {}


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """An S3 server, and the environment in which clients find it and its bucket `pages`."""
    import fsspec

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the S3 server did not start"
                time.sleep(0.2)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (keys | {"AWS_ENDPOINT_URL": url}).items():
                patch.setenv(name, value)
            fsspec.filesystem("s3").mkdir("pages")
            yield keys | {"AWS_ENDPOINT_URL": url}
    finally:
        server.kill()
        server.wait()


def test_an_s3_bucket_becomes_what_a_folder_becomes(tmp_path, s3):
    import fsspec

    given = pages(tmp_path / "in")
    bucket = fsspec.filesystem("s3", use_listings_cache=False)
    bucket.put(f"{given}/", "pages/in/", recursive=True)
    bucket.pipe_file("pages/hi/0/6.tif", b"somebody else's")
    first = on_ray("s3://pages/in", "--out", "s3://pages/hi")
    assert first.returncode == 1, first.stderr
    wanted = {path.name: "done" for path in given.rglob("*.*")} | {"bad.png": "failed", "6.tif": "failed"}
    assert statuses(first) == wanted
    errors = [row["error"] for row in map(json.loads, first.stdout.splitlines()) if row.get("error")]
    assert sorted(error.split()[0] for error in errors) == ["s3://pages/hi/0/6.tif", "s3://pages/in/bad.png"]
    bucket.rm("pages/hi/0/6.tif")
    bucket.rm("pages/in/bad.png")
    second = on_ray("s3://pages/in", "--out", "s3://pages/hi")
    assert second.returncode == 0, second.stderr
    del wanted["bad.png"]
    assert statuses(second) == dict.fromkeys(wanted, "skipped") | {"6.tif": "done"}
    bucket.get("pages/hi/", f"{tmp_path / 'hi'}/", recursive=True)
    parts = sorted((tmp_path / "hi" / PARTS).iterdir())
    assert len(parts) == 2  # one of each run
    lines = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    (given / "bad.png").unlink()
    said("docsr", "enhance", given, "--out", tmp_path / "one", "--factor", 2)
    made = {name: content for name, content in contents(tmp_path / "hi").items() if not name.startswith(PARTS)}
    assert made == contents(tmp_path / "one")
    assert sorted(line["output"] for line in lines) == sorted(made)
    assert all(line["input"] == f"s3://pages/in/{line['output']}" for line in lines)


def test_a_bucket_is_the_same_by_both_names_of_its_protocol(s3):
    import fsspec

    fsspec.filesystem("s3").pipe_file("pages/own/a.png", b"mine")
    for given, refusal in (("s3://pages/own", "the input folder itself"), ("s3://pages/own/a.png", "overwritten")):
        ran = on_ray(given, "--out", "s3a://pages/own", "--overwrite")
        assert ran.returncode == 2
        assert refusal in ran.stderr
    assert fsspec.filesystem("s3", use_listings_cache=False).cat_file("pages/own/a.png") == b"mine"
