"""No file of a Ray job is written over its own input, by whatever path or URL the two are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from docsr.batch.options import EnhanceOptions
from docsr.errors import UsageError
from docsr.integrations.places import Store
from docsr.integrations.ray_plan import plan_jobs
from docsr.io.paths.manifest import NAME, Entry, as_line
from docsr.io.paths.passed_over import PassedOver

OPTIONS = EnhanceOptions(factor=2, model="bicubic")


class Hosts(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files in memory, with two names for one protocol, and a host that may be left out of a URL."""

    protocol = ("docsrone", "docsrtwo")

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return f"/{path.partition('://')[2].partition('/')[2]}" if "://" in path else path

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        who, _, host = path.partition("://")[2].partition("/")[0].rpartition("@")
        return {name: said for name, said in (("username", who), ("host", host)) if said}


for protocol in Hosts.protocol:
    fsspec.register_implementation(protocol, Hosts, clobber=True)


def put(url: str) -> None:
    with fsspec.open(url, "wb") as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("memory://x/in", "memory:///x/in/a.png", "a.png"),
        ("memory:///x/in", "memory://x/in/", ""),
        ("memory://x/in", "memory://x/input/a.png", None),
        ("memory://x/in", "simplecache::memory://x/in/a.png", "a.png"),
        ("docsrone://h/x", "docsrtwo://h/x/b/a.png", "b/a.png"),
        ("docsrone://h/x", "docsrone:///x/a.png", "a.png"),
        ("docsrone://h/x", "docsrone://me@h/x/y/../a.png", "a.png"),
        ("docsrone://me@h/x", "docsrone://you@h/x/a.png", "a.png"),
        ("docsrone://h/x", "docsrone://i/x/a.png", None),
        ("docsrone://h/x", "memory://h/x/a.png", None),
    ],
)
def test_urls_are_compared_as_fsspec_reads_them(one: str, other: str, name: str | None) -> None:
    assert Store(one).name_of(Store(other)) == name


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("memory://{0}/in", "memory:///{0}/in"),
        ("memory://{0}/in/a.png", "memory:///{0}/in"),
        ("docsrone://h/{0}/in", "docsrtwo://h/{0}/in"),
        ("docsrone://h/{0}/in/a.png", "docsrtwo://h/{0}/in"),
    ],
)
def test_an_input_behind_a_url_is_never_an_output(tmp_path: Path, given: str, out: str) -> None:
    given, out = given.format(tmp_path.name), out.format(tmp_path.name)
    put(f"{given.removesuffix('/a.png')}/a.png")
    refusal = "would be overwritten" if given.endswith(".png") else "is the input folder itself"
    with pytest.raises(UsageError, match=refusal):
        plan_jobs([given], out, OPTIONS, overwrite=True)


@pytest.mark.parametrize(
    "given", ["{}/in/a.png", "file://{}/in/a.png", "local://{}/in/a.png", "{}/in", "local://{}/in"]
)
@pytest.mark.parametrize("out", ["{}/link", "file://{}/link", "local://{}/in"])
def test_a_local_input_beside_a_url_is_never_an_output(tmp_path: Path, given: str, out: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"x")
    (tmp_path / "link").symlink_to("in")
    put(f"memory://{tmp_path.name}/b.png")
    refusal = "would be overwritten" if given.endswith(".png") else "is the input folder itself"
    with pytest.raises(UsageError, match=refusal):
        plan_jobs([given.format(tmp_path), f"memory://{tmp_path.name}"], out.format(tmp_path), OPTIONS, overwrite=True)


def test_the_output_folder_is_left_out_by_whatever_url(tmp_path: Path) -> None:
    stored = f"memory://{tmp_path.name}"
    for name in ("a.png", "now/b.png", "nowhere/c.png"):
        put(f"{stored}/{name}")
    jobs = plan_jobs([stored], f"memory:///{tmp_path.name}/now", OPTIONS)
    assert [job.place for job in jobs] == ["a.png", "nowhere/c.png"]
    (within,) = plan_jobs([f"{stored}/now"], stored, OPTIONS)  # as docsr enhance does it
    assert (within.source, within.place) == (f"{stored}/now/b.png", "b.png")


def test_what_was_made_of_a_url_keeps_its_name(tmp_path: Path) -> None:
    stored, out, png = f"memory://{tmp_path.name}/in", tmp_path / "out", EnhanceOptions(factor=2, format="png")
    out.mkdir()
    for name in ("a.png", "a.jpg"):
        put(f"{stored}/{name}")
    places = {job.source: job.place for job in plan_jobs([stored], str(out), png)}
    assert sorted(places.values()) == ["a.jpg.png", "a.png.png"]
    (source,) = (one for one in places if one.endswith("a.jpg"))
    (out / NAME).write_bytes(as_line(Entry(source, "s", "o", "a.png", 1, 1, "d")))
    assert {job.source: job.place for job in plan_jobs([stored], str(out), png)}[source] == "a.png"


def test_what_is_passed_over_in_a_store_is_counted(tmp_path: Path) -> None:
    stored, passed = f"memory://{tmp_path.name}", PassedOver()
    for name in ("a.png", "scan0001", ".h.png", ".git/x.png", "hi/note.txt", f"hi/{NAME}", "now/note.txt"):
        put(f"{stored}/{name}")
    assert len(plan_jobs([stored], f"{stored}/now", OPTIONS, passed=passed)) == 1
    assert passed.counts() == {"other_names": 1, "hidden_files": 2}
