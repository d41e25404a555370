from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.limits import allowing
from docsr.pairs.documents import Images, Pdf, RvlCdip
from docsr.pairs.source import Document
from docsr.pairs.sources import SOURCES
from tests.pairs import make_store, save, text_page, write_pdf


def rvl_cdip(root, train, val=(), test=()):
    (root / "labels").mkdir(parents=True)
    (root / "images").mkdir()
    for split, names in (("train", train), ("val", val), ("test", test)):
        (root / "labels" / f"{split}.txt").write_text("".join(f"{name} {n}\n" for n, name in enumerate(names)))
    return root


def test_rvl_cdip_keeps_its_split_and_leaves_the_test_images_alone(tmp_path):
    root = rvl_cdip(tmp_path, ["imagesa/a/1.tif", "imagesa/with space.tif"], ["imagesb/2.tif"], ["imagesc/3.tif"])
    found = RvlCdip().documents(root)
    names = [(str(document.path.relative_to(root / "images")), document.split) for document in found]
    assert names == [("imagesa/a/1.tif", "train"), ("imagesa/with space.tif", "train"), ("imagesb/2.tif", "val")]


@pytest.mark.parametrize("name", ["../secret.tif", "a/../../b.tif"])
def test_rvl_cdip_refuses_names_that_lead_outside(tmp_path, name):
    with pytest.raises(UsageError, match="it leads out of its folder"):
        RvlCdip().documents(rvl_cdip(tmp_path, [name]))


def test_a_name_of_rvl_cdip_begins_at_its_folder(tmp_path):
    (document,) = RvlCdip().documents(rvl_cdip(tmp_path, ["/etc/hosts"]))
    assert document.path == tmp_path / "images" / "etc" / "hosts"


def test_rvl_cdip_says_what_it_wants(tmp_path):
    with pytest.raises(UsageError, match="images/ and labels/"):
        RvlCdip().documents(tmp_path)
    root = rvl_cdip(tmp_path / "a", [])
    with pytest.raises(NoInputError, match="list no image"):
        RvlCdip().documents(root)
    (root / "labels" / "val.txt").unlink()
    with pytest.raises(UsageError, match=r"val\.txt is missing"):
        RvlCdip().documents(root)


def test_rvl_cdip_missing_and_corrupt_files_are_page_errors(tmp_path):
    root = rvl_cdip(tmp_path, ["missing.tif", "corrupt.tif", "good.tif"])
    (root / "images" / "corrupt.tif").write_bytes(b"II*\0 nothing of a TIFF")
    save(root / "images" / "good.tif", text_page()[0])
    missing, corrupt, good = RvlCdip().documents(root)
    for document in (missing, corrupt):
        with pytest.raises(PageError, match=document.path.name):
            list(RvlCdip().pages(document))
    assert len(list(RvlCdip().pages(good))) == 1


def test_images_with_and_without_text(tmp_path):
    pixels, text = text_page()
    save(tmp_path / "a.png", pixels)
    (tmp_path / "a.txt").write_text(text)
    leaves = [Image.fromarray(pixels), Image.fromarray(pixels[:200])]
    leaves[0].save(tmp_path / "b.tif", save_all=True, append_images=leaves[1:])
    documents = Images().documents(tmp_path)
    assert [document.path.name for document in documents] == ["a.png", "b.tif"]
    (page,) = Images().pages(documents[0])
    assert page.text == text
    assert page.at(0.5).pixels.shape == (pixels.shape[0] // 2, pixels.shape[1] // 2)
    assert np.array_equal(page.at(1.0).pixels, pixels)
    assert [(leaf.number, leaf.text) for leaf in Images().pages(documents[1])] == [(0, None), (1, None)]


def test_text_beside_an_image_that_is_not_utf8_is_read_all_the_same(tmp_path):
    save(tmp_path / "a.png", text_page()[0])
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (page,) = Images().pages(Document(tmp_path / "a.png", "train"))
    assert page.text == "caf\ufffd"


def test_the_pages_of_a_patch_store_are_no_images(tmp_path):
    save(tmp_path / "scan.png", text_page()[0])
    save(make_store(tmp_path / "p") / "pages" / "00-scan.png", text_page()[0])
    assert [document.path for document in Images().documents(tmp_path)] == [tmp_path / "scan.png"]


@pytest.mark.parametrize("kind", ["images", "pdf"])
def test_an_empty_folder_has_no_document(tmp_path, kind):
    with pytest.raises(NoInputError):
        SOURCES.find(kind)().documents(tmp_path)


@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_a_document_lies_on_one_side_and_the_split_is_stable(tmp_path, count):
    for number in range(count):
        save(tmp_path / f"{number}.png", np.full((4, 4), 255, np.uint8))
    found = Images().documents(tmp_path)
    assert found == Images().documents(tmp_path)
    paths = {split: {d.path for d in found if d.split == split} for split in ("train", "val")}
    assert not paths["train"] & paths["val"]
    assert len(paths["train"]) + len(paths["val"]) == count
    assert len(paths["val"]) == (0 if count == 1 else max(1, round(0.05 * count)))


def test_pdf_with_real_text(tmp_path):
    lines = text_page()[1].splitlines()
    write_pdf(tmp_path / "deep" / "real.pdf", lines, pages=2, size=12)
    (document,) = Pdf().documents(tmp_path)
    numbers = []
    for page in Pdf().pages(document):
        numbers.append(page.number)
        assert page.x_height == pytest.approx(0.53 * 12, rel=0.08)  # Helvetica
        assert page.text is not None
        assert page.text.split() == " ".join(lines).split()
        rendered = page.at(2.0)
        assert rendered.pixels.shape == (1684, 1190)
        assert rendered.dpi == pytest.approx((144, 144))
        assert rendered.pixels.min() < 50
    assert numbers == [0, 1]


def test_a_pdf_page_is_never_rendered_larger_than_is_allowed(tmp_path):
    write_pdf(tmp_path / "real.pdf", text_page()[1].splitlines(), pages=1, size=12)
    pages = Pdf().pages(Document(tmp_path / "real.pdf", "train"))
    with allowing(1_000_000), pytest.raises(PageError, match="--max-pixels"):
        next(pages).at(2.0)


def test_a_pdf_of_images_only_has_no_page_to_give(tmp_path):
    Image.fromarray(text_page()[0]).save(tmp_path / "scan.pdf")
    with pytest.raises(PageError, match=r"scan\.pdf: no page has text of its own"):
        list(Pdf().pages(Document(tmp_path / "scan.pdf", "train")))


@pytest.mark.parametrize("data", [b"", b"not a PDF", b"%PDF-1.4\n1 0 obj\n<< /Type"])
def test_a_damaged_pdf_is_named(tmp_path, data):
    (tmp_path / "bad.pdf").write_bytes(data)
    with pytest.raises(PageError, match=r"bad\.pdf: not a readable PDF"):
        list(Pdf().pages(Document(tmp_path / "bad.pdf", "train")))
