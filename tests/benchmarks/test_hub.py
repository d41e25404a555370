"""The folders for a model hub say what the cards say, in the form that the hub reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docsr.io.paths.manifest import sha256_of
from docsr.weights import catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("hub")
    subprocess.run([sys.executable, "-m", "benchmarks.publish.hub", "--out", out], cwd=ROOT, check=True)
    return {path.name: path for path in out.iterdir()}


def test_every_network_has_one(folders: dict[str, Path]) -> None:
    assert folders.keys() == catalogue().keys()
    for name, card in catalogue().items():
        assert sha256_of(folders[name] / f"{name}.onnx") == sha256_of(card.path)
        assert json.loads((folders[name] / f"{name}.json").read_text(encoding="utf-8"))["name"] == name
        assert (folders[name] / "LICENSE").is_file()


def test_the_front_matter_holds_the_results_of_the_card(folders: dict[str, Path]) -> None:
    for name, card in catalogue().items():
        _, head, text = (folders[name] / "README.md").read_text(encoding="utf-8").split("---\n", 2)
        told = yaml.safe_load(head)
        assert (told["license"], told["pipeline_tag"]) == ("mit", "image-to-image")
        (index,) = told["model-index"]
        assert [result["metrics"][0]["value"] for result in index["results"]] == [row[name] for row in card.results]
        kinds = {result["dataset"]["name"].split(",")[0]: result["metrics"][0]["type"] for result in index["results"]}
        assert kinds["books"] == "cer"
        assert kinds.get("forms", "words_missed") == "words_missed"
        assert card.training_data in text
        assert text.count(f"# {name}\n") == 1


@pytest.mark.pipelines
def test_the_hub_s_own_library_reads_it(folders: dict[str, Path]) -> None:
    from huggingface_hub import ModelCard

    for name, folder in folders.items():
        card = ModelCard.load(folder / "README.md")
        assert card.data.license == "mit"
        assert card.data.model_name == name
        assert len(card.data.eval_results) >= len(catalogue()[name].results)
