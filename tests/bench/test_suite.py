from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from docsr.bench.arms import HR, plan_arms
from docsr.bench.measure import AS_IT_IS, Condition, tasks_of
from docsr.bench.suite import SuitePage, load_suite
from docsr.bench.suite_file import LowerConfig
from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.limits import allowing
from tests.bench.pages import folder_suite
from tests.pairs import write_pdf

SUITES = sorted((Path(__file__).resolve().parents[2] / "benchmarks" / "suites").glob("*.yaml"))
WORDS = ["the quick brown fox jumps over the lazy dog and runs away"] * 20


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def conditions(page: SuitePage) -> list[Condition]:
    """In the order in which they are measured."""
    return list(dict.fromkeys(task.condition for task in tasks_of(page, plan_arms(["none"], None)[0], ["null"])))


def test_a_folder_of_images_with_texts_is_a_suite(tmp_path):
    folder = folder_suite(tmp_path / "mine")
    (folder / "notes.txt").write_text("no image")
    Image.new("L", (30, 30)).save(folder / "without-text.png")
    suite = load_suite(folder, None, None)
    assert suite.name == "mine"
    assert [page.name for page in suite.pages] == ["page0", "page1"]
    assert conditions(suite.pages[0]) == [AS_IT_IS]
    assert suite.pages[0].load().dpi == pytest.approx((300, 300), abs=0.1)


def test_pages_of_one_file_have_form_feeds_between_their_texts(tmp_path):
    images = [Image.new("L", (30, 30 + 10 * number)) for number in range(3)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    write(tmp_path / "a.txt", "one\f\n\fthree\f\n")
    suite = load_suite(tmp_path, None, None)
    assert [(page.name, page.text) for page in suite.pages] == [("a-1", "one"), ("a-3", "three")], "one has no text"
    assert [page.load().height for page in suite.pages] == [30, 50]


@pytest.mark.parametrize("text", ["one", "one\ftwo", "one\ftwo\fthree\ffour"])
def test_a_file_and_its_text_have_as_many_pages(tmp_path, text):
    images = [Image.new("L", (30, 30)) for _ in range(3)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    write(tmp_path / "a.txt", text)
    for page in load_suite(tmp_path, None, None).pages:
        with pytest.raises(PageError, match="differ in the number of pages"):
            page.load()


def test_two_pages_of_one_name_would_be_mixed_up(tmp_path):
    images = [Image.new("L", (30, 30)) for _ in range(2)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    write(tmp_path / "a.txt", "one\ftwo")
    images[0].save(tmp_path / "a-1.png")
    write(tmp_path / "a-1.txt", "one")
    with pytest.raises(UsageError, match=r"two pages of the set .* are called a-1"):
        load_suite(tmp_path, None, None)


def test_a_set_has_one_score(tmp_path):
    folder_suite(tmp_path / "img", pages=2)
    sources = ", ".join(
        f"{{set: a, images: 'img/page{number}.png', as_it_is: true, score: {score}}}"
        for number, score in enumerate(("cer", "words"))
    )
    with pytest.raises(UsageError, match="'a' is scored in two ways"):
        load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{sources}]"), None, None)


@pytest.mark.parametrize("text", ["", "- a\n- b", "just words"])
def test_a_file_that_is_no_suite(tmp_path, text):
    with pytest.raises(UsageError, match="is not a suite: it needs 'name' and 'sources'"):
        load_suite(write(tmp_path / "s.yaml", text), None, None)


def test_a_folder_can_be_made_low_resolution(tmp_path):
    lower = LowerConfig(dpi=(100, 75), degradation=("clean", "fax"))
    suite = load_suite(folder_suite(tmp_path / "mine"), None, lower)
    wanted = [Condition(dpi, name) for dpi in (100, 75) for name in ("clean", "fax")]
    assert conditions(suite.pages[0]) == wanted


def test_arms_and_engines_that_a_suite_leaves_out(tmp_path):
    folder_suite(tmp_path / "img", pages=1)
    lower = "[{dpi: [75], without: [peers, bicubic_x4]}, {dpi: [60], engines: [null]}]"
    source = f"{{set: a, images: 'img/*.png', as_it_is: true, without: [none], lower: {lower}}}".replace(
        "null", '"null"'
    )
    suite = load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]"), None, None)
    arms, _ = plan_arms(["none", "unsharp_x2"], None)
    tasks = list(tasks_of(suite.pages[0], arms, ["tesseract", "null"]))
    at = {dpi: [task for task in tasks if task.condition.lr_dpi == dpi] for dpi in (75, 60, None)}
    assert [task.arm.label for task in at[75]] == ["bicubic_x2", HR]
    assert [task.arm.label for task in at[60]] == ["unsharp_x2", "bicubic_x2", "bicubic_x4", HR]
    assert [task.arm.label for task in at[None]] == ["unsharp_x2", "bicubic_x2", "bicubic_x4"]
    assert {task.engines for task in at[75] + at[None]} == {("tesseract", "null")}
    assert {task.engines for task in at[60]} == {("null",)}


def test_a_suite_names_an_engine_with_any_options_or_with_some(tmp_path):
    folder_suite(tmp_path / "img", pages=1)
    lower = "[{dpi: [75], engines: [tesseract]}, {dpi: [60], engines: ['tesseract:thresholding_method=2,psm=6']}]"
    source = f"{{set: a, images: 'img/*.png', lower: {lower}}}"
    suite = load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]"), None, None)
    asked = ["tesseract", "tesseract:psm=6,thresholding_method=2", "rapidocr"]
    tasks = list(tasks_of(suite.pages[0], plan_arms(["none"], None)[0], asked))
    at = {task.condition.lr_dpi: task.engines for task in tasks}
    assert at == {75: ("tesseract", "tesseract:psm=6,thresholding_method=2"), 60: (asked[1],)}


def test_pages_are_drawn_evenly_from_the_folders(tmp_path):
    for name, pages in (("many", 9), ("few", 2), ("one", 1)):
        folder_suite(tmp_path / name, pages=pages)
    source = "{set: a, images: '*/*.png', as_it_is: true, pages: 6}"
    suite = load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]"), None, None)
    folders = [page.name.partition("/")[0] for page in suite.pages]
    assert {name: folders.count(name) for name in folders} == {"many": 3, "few": 2, "one": 1}


def test_dotted_lines_are_no_words(tmp_path):
    contents = ["Chapter " + "." * 70 + f" {number}" for number in range(40)]
    write_pdf(tmp_path / "contents.pdf", contents, pages=1)
    write_pdf(tmp_path / "text.pdf", WORDS, pages=1)
    source = "{set: a, pdf: '*.pdf', fewest_words: 50, lower: [{dpi: [75]}]}"
    suite = load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]"), None, None)
    assert [page.name for page in suite.pages] == ["text-1"]


def test_pdf_pages_with_enough_words_are_taken_over_the_document(tmp_path):
    write_pdf(tmp_path / "docs" / "a.pdf", WORDS, pages=6)
    write_pdf(tmp_path / "docs" / "empty.pdf", ["few words"], pages=2)
    source = "{set: pdf, pdf: 'docs/*.pdf', per_document: 2, lower: [{dpi: [75]}]}"
    suite = load_suite(write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]"), None, None)
    assert [(page.name, page.number) for page in suite.pages] == [("docs/a-2", 1), ("docs/a-5", 4)]
    page = suite.pages[0].load()
    assert page.dpi == pytest.approx((300, 300))
    assert "quick brown fox" in suite.pages[0].text


def test_a_page_in_large_units_has_its_physical_size_and_a_limit(tmp_path):
    write_pdf(tmp_path / "a.pdf", WORDS, pages=1)
    source = "{set: pdf, pdf: '*.pdf', lower: [{dpi: [75]}]}"
    suite = write(tmp_path / "s.yaml", f"name: s\nsources: [{source}]")
    page = load_suite(suite, None, None).pages[0].load()
    with pikepdf.open(tmp_path / "a.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.UserUnit = 0.5
        pdf.save(tmp_path / "a.pdf")
    small = load_suite(suite, None, None).pages[0].load()
    assert small.dpi == page.dpi == pytest.approx((300, 300))
    assert (2 * small.width, 2 * small.height) == pytest.approx((page.width, page.height), abs=2)
    with allowing(1_000_000), pytest.raises(PageError, match="--max-pixels"):
        load_suite(suite, None, None).pages[0].load()


def test_a_written_split_and_a_limit(tmp_path):
    folder_suite(tmp_path / "img", pages=4)
    write(tmp_path / "listed.txt", "page1.png\npage3.png\n")
    source = "set: a, images: 'img/*.png', as_it_is: true"
    listed = write(tmp_path / "s.yaml", f"name: s\nsources: [{{{source}, listed: listed.txt}}]")
    assert [page.name for page in load_suite(listed, None, None).pages] == ["img/page1", "img/page3"]
    limited = write(tmp_path / "t.yaml", f"name: s\nsources: [{{{source}, pages: 2}}]")
    first, again = (load_suite(limited, None, None).pages for _ in range(2))
    assert len(first) == 2
    assert first == again


def test_the_same_page_has_the_same_digest_and_another_text_another(tmp_path):
    folder = folder_suite(tmp_path / "mine")
    before = load_suite(folder, None, None).pages
    (folder / "page0.txt").write_text("other words")
    after = load_suite(folder, None, None).pages
    assert before[0].digest != after[0].digest
    assert before[1].digest == after[1].digest


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: s\nsources: [{set: a, imagez: x, as_it_is: true}]", "imagez"),
        ("name: s\nsources: [{set: a, images: x}]", "'lower', 'as_it_is' or both"),
        ("name: s\nsources: [{set: a, as_it_is: true}]", "either 'pdf' or 'images'"),
        ("name: s\nsources: [{set: a, images: x, lower: [{dpi: [75], degradation: [fog]}]}]", "fog"),
        ("name: s\nsources: [{set: a, images: x, as_it_is: true, without: [fsrcnn]}]", "there is no arm 'fsrcnn'"),
        ("name: s\nsources: [{set: a, images: x, lower: [{dpi: [75], engines: [abbyy]}]}]", "abbyy"),
        ("name: s\nsources: [{set: a, images: x, lower: [{dpi: [75], engines: ['null:psm=3']}]}]", "it has none"),
        ("name: [", "s.yaml is not valid YAML"),
    ],
)
def test_a_wrong_suite_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(UsageError) as error:
        load_suite(write(tmp_path / "s.yaml", text), None, None)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_to_measure(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoInputError, match="no page with text"):
        load_suite(tmp_path / "empty", None, None)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_shipped_suites_load(path, tmp_path):
    try:
        suite = load_suite(path, None, None)
    except NoInputError:
        assert path.stem != "smoke", "the smoke suite's pages are in the repository"
    else:
        assert suite.name == path.stem
