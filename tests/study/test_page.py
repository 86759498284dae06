"""The page in a browser, as people use it, from file://."""

import json
import pathlib

import pytest
from study_folders import LEVELS, make

from gated_inpaint.commands.main import main
from gated_inpaint.study.report import write_report

RATING = {"zebra_net": 2, "quagga_net": 5, "okapi_net": 7, "original": 10}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def browser(chromium):
    """A function that gives a browser of its own; an error in a page of it fails the test."""
    contexts, errors = [], []

    def context(**options):
        contexts.append(chromium.new_context(**options))
        contexts[-1].on("weberror", lambda error: errors.append(str(error.error)))
        return contexts[-1]

    yield context
    for one in contexts:
        one.close()
    assert not errors


def open_page(context, study):
    page = context.new_page()
    page.goto(study.page.as_uri())
    return page


def begin(page, person):
    page.get_by_label("Your name or initials").fill(person)
    page.get_by_role("button", name="Begin", exact=True).click()


def at(page, text):
    """Waits until the page says so, and shows what belongs to it."""
    page.get_by_role("status").filter(has_text=text).wait_for()
    page.wait_for_function("ready")


def methods(page, key):
    """What made the pictures that are seen, from left to right."""
    images = page.locator("#stage img").all()
    return [key["pictures"][pathlib.Path(image.get_attribute("src")).stem]["method"] for image in images]


def inside(box, outer):
    for start, length in (("x", "width"), ("y", "height")):
        assert outer[start] <= box[start] and box[start] + box[length] <= outer[start] + outer[length]


def rate(page, key, numbers):
    for number in numbers:
        at(page, f"Picture {number} of")
        page.keyboard.press(str(RATING[methods(page, key)[0]] % 10))


def save(page, folder):
    folder.mkdir(exist_ok=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_forty_ratings_by_key_with_the_tab_closed_between(browser, tmp_path, capsys):
    study = make(tmp_path, photos=10)
    key = json.loads(study.key.read_text())
    context = browser()
    page = open_page(context, study)
    begin(page, "Ann B.")
    rate(page, key, range(1, 24))
    at(page, "Picture 24 of 40")
    seen, place = methods(page, key), page.locator("#scale").bounding_box()
    page.close()

    page = open_page(context, study)
    at(page, "Picture 24 of 40")
    assert methods(page, key) == seen
    assert page.locator("#scale").bounding_box() == place  # Photos are upright and wide: nothing jumps.
    rate(page, key, [24])
    at(page, "Picture 25 of 40, last rated")
    assert page.locator("#scale").bounding_box() == place
    page.set_viewport_size({"width": 800, "height": 240})
    inside(page.locator("#stage img").bounding_box(), page.locator("#stage").bounding_box())
    inside(page.locator("#scale").bounding_box(), {"x": 0, "y": 0, "width": 800, "height": 240})
    page.keyboard.press("1")
    at(page, "Picture 26 of 40, last rated 1")
    page.keyboard.press("Backspace")
    rate(page, key, range(25, 41))
    page.get_by_role("heading", name="Thank you").wait_for()
    assert "40 of 40 answered by Ann B." in page.locator("#summary").inner_text()
    path = save(page, tmp_path / "answers")
    assert path.name == f"answers_{key['study']}_Ann_B_.json"
    assert len({tuple(answer["pictures"]) for answer in json.loads(path.read_text())["answers"]}) == 40

    # Another person at the same computer, who stops early: a partial file.
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Begin as another person").click()
    begin(page, "Cem")
    for number in range(1, 6):
        at(page, f"Picture {number} of 40")
        page.locator("#scale").get_by_role("button", name=str(RATING[methods(page, key)[0]]), exact=True).click()
    at(page, "Picture 6 of 40")
    page.get_by_role("button", name="Save").click()
    save(page, tmp_path / "answers")
    assert main(["study", "report", str(tmp_path / "answers"), f"--key={study.key}", f"--output={tmp_path / 'report'}"]) == 0
    said = capsys.readouterr()
    assert "Cem.json, with 5 of 40 answered." in said.err
    assert "People: 2. Photos: 10. Answers: 45." in said.out
    for method, rating in RATING.items():
        assert f" | {rating}.00 | {rating}.00 to {rating}.00 |" in said.out.split(f"\n| {method} | ")[1].split("\n")[0]


def test_pairs_by_key(browser, tmp_path):
    study = make(tmp_path, photos=10, kind="real")
    key = json.loads(study.key.read_text())
    page = open_page(browser(), study)
    begin(page, "Ann")
    photos = set()
    for number in range(1, 11):
        at(page, f"Pair {number} of 10")
        shown = methods(page, key)
        wanted = shown.index("okapi_net" if "okapi_net" in shown else "original")
        photos.add(key["pictures"][pathlib.Path(page.locator("#stage img").first.get_attribute("src")).stem]["photo"])
        page.keyboard.press(["ArrowLeft", "ArrowRight"][wanted])
    page.get_by_role("heading", name="Thank you").wait_for()
    assert len(photos) == 10
    report = write_report([save(page, tmp_path / "answers")], study.key, tmp_path / "report").markdown
    for method in LEVELS:
        if f"\n| {method} | " in report:  # Of each photo, one method by chance.
            assert f" | {'100%' if method == 'okapi_net' else '0%'} | " in report.split(f"\n| {method} | ")[1].split("\n")[0]
    assert "People: 1. Photos: 10. Answers: 10." in report


def test_pairs_by_touch_on_a_phone(browser, tmp_path):
    study = make(tmp_path, photos=2, kind="better", embed=True)
    context = browser(**PHONE, permissions=["clipboard-read", "clipboard-write"])
    page = open_page(context, study)
    begin(page, "Ann")
    chosen = []
    for number in range(1, 7):
        at(page, f"Pair {number} of 6")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        chosen.append(page.evaluate("state.order[state.answers.length][1]"))
        page.get_by_role("button", name="Choose the second picture").tap()
    page.get_by_role("button", name="Copy them instead").tap()
    page.get_by_role("status").filter(has_text="Copied.").wait_for()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [answer["answer"] for answer in copied["answers"]] == chosen


def test_a_missing_picture_is_said_and_not_rated(browser, tmp_path):
    study = make(tmp_path, photos=1)
    for path in (study.page.parent / "pictures").iterdir():
        path.unlink()
    page = open_page(browser(), study)
    begin(page, "Ann")
    page.get_by_role("status").filter(has_text="A picture is missing.").wait_for()
    page.keyboard.press("5")
    assert page.evaluate("state.answers.length") == 0
