"""Sources that are no pages of text, from folders laid out as DIV2K, CelebA and pairs of arrays are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.errors import NoInputError, UsageError
from docsr.pairs.store import PatchStore
from docsr.prepare import PrepareOptions, prepare
from tests.pairs import save


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Coloured clouds, no text: H x W x 3."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def div2k(folder: Path, factor: int | None = None) -> Path:
    for split, count in (("train", 3), ("valid", 2)):
        for number in range(1, count + 1):
            hr = picture(120, 160, seed=number)
            save(folder / f"DIV2K_{split}_HR" / f"{number:04d}.png", hr)
            if factor:
                lr = Image.fromarray(hr).resize((160 // factor, 120 // factor), Image.Resampling.BICUBIC)
                place = folder / f"DIV2K_{split}_LR_bicubic" / f"X{factor}" / f"{number:04d}x{factor}.png"
                save(place, np.asarray(lr))
    return folder


def arrays(folder: Path, count: int = 4, factor: int = 4, dtype: type = np.uint8) -> Path:
    for number in range(count):
        hr = picture(96, 128, seed=number)
        scaled = hr if dtype is np.uint8 else (hr / 255).astype(dtype)
        for name, array in (("hr", scaled), ("lr", scaled[::factor, ::factor])):
            (folder / name).mkdir(parents=True, exist_ok=True)
            np.save(folder / name / f"{number:03d}.npy", array)
    return folder


def test_div2k_pictures_keep_their_own_split(tmp_path):
    options = PrepareOptions(None, size=48, per_page=4, colour=True)
    header = prepare("div2k", div2k(tmp_path / "in"), tmp_path / "out", options)
    assert (header.train, header.val, header.colours, header.lr_factor) == (12, 8, 3, None)
    assert PatchStore(tmp_path / "out", "val")[0].shape == (48, 48, 3)


def test_div2k_s_own_lr_is_kept_with_its_hr(tmp_path):
    options = PrepareOptions(None, size=48, per_page=4, lr_factor=4)
    header = prepare("div2k", div2k(tmp_path / "in", 4), tmp_path / "out", options, jobs=2)
    assert (header.train, header.colours, header.lr_factor) == (12, 1, 4)
    store = PatchStore(tmp_path / "out", "train")
    for number in range(len(store)):
        small = np.asarray(Image.fromarray(store[number]).resize((12, 12), Image.Resampling.BICUBIC)).astype(int)
        assert np.abs(small - store.lr(number))[2:-2, 2:-2].max() <= 2, "the same place; borders see what lay outside"


def test_div2k_without_the_lr_that_is_asked_for_has_it_made(tmp_path):
    options = PrepareOptions(None, size=48, per_page=4, lr_factor=2)
    header = prepare("div2k", div2k(tmp_path / "in", 4), tmp_path / "out", options)
    assert (header.train, header.lr_factor, header.skipped) == (12, None, ())


def test_a_picture_of_div2k_without_its_lr_is_named(tmp_path):
    source = div2k(tmp_path / "in", 4)
    (source / "DIV2K_train_LR_bicubic" / "X4" / "0002x4.png").unlink()
    header = prepare("div2k", source, tmp_path / "out", PrepareOptions(None, size=48, per_page=4, lr_factor=4))
    assert (header.train, header.lr_factor) == (8, 4)
    assert len(header.skipped) == 1
    assert "0002x4.png" in header.skipped[0]


def test_lr_that_was_rounded_up_fits(tmp_path):
    hr, lr = picture(100, 123, seed=1), picture(13, 16, seed=1)
    for split in ("train", "valid"):
        save(tmp_path / "in" / f"DIV2K_{split}_HR" / "0001.png", hr)
        save(tmp_path / "in" / f"DIV2K_{split}_LR_bicubic" / "X8" / "0001x8.png", lr)
    prepare("div2k", tmp_path / "in", tmp_path / "out", PrepareOptions(None, size=48, per_page=4, lr_factor=8))
    store = PatchStore(tmp_path / "out", "train")
    assert {store.lr(number).shape for number in range(len(store))} == {(6, 6)}


def test_celeba_faces_are_cut_as_the_recipe_says_and_split_as_listed(tmp_path):
    lines = []
    for number, side in enumerate("00122"):
        save(tmp_path / "in" / "img_align_celeba" / f"{number:06d}.jpg", picture(218, 178, seed=number))
        lines.append(f"{number:06d}.jpg {side}")
    (tmp_path / "in" / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    options = PrepareOptions(None, size=256, per_page=1, colour=True)
    header = prepare("celeba", tmp_path / "in", tmp_path / "out", options)
    assert (header.train, header.val, header.documents) == (2, 1, 3)
    face = PatchStore(tmp_path / "out", "train")[0]
    with Image.open(tmp_path / "in" / "img_align_celeba" / "000000.jpg") as image:
        square = image.crop((0, 20, 178, 198)).resize((176, 176), Image.Resampling.BOX)
        expected = square.crop((16, 16, 160, 160)).resize((256, 256), Image.Resampling.BICUBIC)
    assert np.abs(face.astype(int) - np.asarray(expected)).mean() < 2


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_pairs_of_arrays_go_by_name(tmp_path, dtype):
    options = PrepareOptions(None, size=32, per_page=3, colour=True)
    header = prepare("npy-pairs", arrays(tmp_path / "in", dtype=dtype), tmp_path / "out", options)
    assert (header.documents, header.lr_factor, header.colours) == (4, 4, 3)
    store = PatchStore(tmp_path / "out", "train")
    assert all(np.array_equal(store[n][::4, ::4], store.lr(n)) for n in range(len(store)))


def replaced(folder: Path, name: str, array: np.ndarray) -> None:
    np.save(folder / name, array)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "lr" / "001.npy").unlink(), r"hr/001\.npy has no partner of the same name"),
        (lambda f: (f / "hr" / "001.npy").unlink(), r"lr/001\.npy has no partner of the same name"),
        (lambda f: replaced(f, "lr/002.npy", np.zeros((48, 64, 3), np.uint8)), r"002\.npy is 2 times as large .* is 4"),
        (
            lambda f: replaced(f, "lr/002.npy", np.zeros((25, 32, 3), np.uint8)),
            r"whole times as large as .*lr/002\.npy",
        ),
        (lambda f: replaced(f, "lr/002.npy", np.zeros((24, 32), np.uint8)), "2 or more whole times"),
        (lambda f: replaced(f, "hr/002.npy", np.zeros((96, 128, 3), np.int32)), "holds int32"),
        (lambda f: replaced(f, "hr/002.npy", np.zeros((96, 128, 5), np.uint8)), r"is not a picture: its shape is"),
        (lambda f: (f / "hr" / "002.npy").write_bytes(b"not an array"), r"002\.npy is not a readable \.npy file"),
    ],
)
def test_pairs_that_do_not_fit_are_one_sentence(tmp_path, spoil, sentence):
    folder = arrays(tmp_path / "in")
    spoil(folder)
    with pytest.raises(UsageError, match=sentence) as caught:
        prepare("npy-pairs", folder, tmp_path / "out", PrepareOptions(None, size=32))
    assert "\n" not in str(caught.value)


def test_floats_outside_the_range_are_skipped_and_named(tmp_path):
    folder = arrays(tmp_path / "in", dtype=np.float32)
    replaced(folder, "hr/000.npy", np.full((96, 128, 3), 200.0, np.float32))
    header = prepare("npy-pairs", folder, tmp_path / "out", PrepareOptions(None, size=32))
    (sentence,) = header.skipped
    assert "000.npy: its floats are not in [0, 1]" in sentence


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("div2k", PrepareOptions(None, size=48), "does not have DIV2K's layout"),
        ("celeba", PrepareOptions(None, size=48), "does not have CelebA's layout"),
        ("npy-pairs", PrepareOptions(None, size=48), "has no folder hr"),
        ("div2k", PrepareOptions(20.0, size=48), "no x-height"),
        ("celeba", PrepareOptions(None, size=48, lr_factor=4), "has no LR of its own"),
    ],
)
def test_what_is_of_another_kind_is_refused(tmp_path, kind, options, sentence):
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match=sentence):
        prepare(kind, tmp_path / "in", tmp_path / "out", options)


def test_a_patch_that_is_no_multiple_of_the_factor(tmp_path):
    with pytest.raises(UsageError, match="50 px is not a multiple of the pairs' factor 4"):
        prepare("npy-pairs", arrays(tmp_path / "in"), tmp_path / "out", PrepareOptions(None, size=50))


def test_pictures_that_are_too_small_are_named(tmp_path):
    with pytest.raises(NoInputError, match="160 x 120 px are less than a patch of 192 px: give a smaller --patch"):
        prepare("div2k", div2k(tmp_path / "in"), tmp_path / "out", PrepareOptions(None, size=192))
