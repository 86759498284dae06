"""Files of answers, good and bad, to a report."""

import csv
import json
import xml.etree.ElementTree

import pytest
from study_folders import LEVELS, make

from gated_inpaint.commands.main import main
from gated_inpaint.errors import InputError
from gated_inpaint.study.report import write_report

RATING = {"zebra_net": 2, "quagga_net": 5, "okapi_net": 7, "original": 10}


@pytest.fixture
def study(tmp_path):
    return make(tmp_path, photos=3)


def answers_of(study, person, rate, kind="ratings"):
    """What the page saves when a person answers all; `rate(methods, pictures)` is the answer."""
    key = json.loads(study.key.read_text())
    answers = [
        {"pictures": item, "answer": rate([key["pictures"][picture]["method"] for picture in item], item), "seconds": 1.5}
        for item in key["items"]
    ]
    return {"format": "gated_inpaint.study answers 1", "study": key["study"], "kind": kind, "person": person, "answers": answers}


def rating(methods, _):
    return RATING[methods[0]]


def write(folder, **contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_ratings(study, tmp_path, capsys):
    harsh = answers_of(study, "Harsh", lambda methods, _: RATING[methods[0]] - 1)
    folder = write(tmp_path / "answers", ann=answers_of(study, "Ann", rating), harsh=harsh)
    assert main(["study", "report", str(folder), f"--key={study.key}", f"--output={tmp_path / 'report'}"]) == 0
    markdown = (tmp_path / "report" / "report.md").read_text()
    assert markdown in capsys.readouterr().out
    assert "People: 2. Photos: 3. Answers: 24." in markdown
    # Photos do not matter, so means of two people: both, or one of them twice.
    assert "| original | 6 | 9.50 | 9.00 to 10.00 |\n| okapi_net | 6 | 6.50 | 6.00 to 7.00 |" in markdown
    assert "| original - okapi_net | 3.00 | 3.00 to 3.00 |" in markdown
    # By hand, 1 - 1 / (2 x 210 / 23): the answers to a question differ by 1; squares about 5.5 sum to 210.
    assert "alpha, interval: 0.95." in markdown
    # The paper's figures stand apart, below.
    measured, published = markdown.split("## Published references, not measured here")
    assert "9.89" in published and "6.54" in published and "9.89" not in measured
    rows = list(csv.DictReader((tmp_path / "report" / "methods.csv").open()))
    assert [(row["method"], float(row["value"])) for row in rows] == [
        ("original", 9.5), ("okapi_net", 6.5), ("quagga_net", 4.5), ("zebra_net", 1.5)
    ]  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "report" / "answers.csv").open()))
    assert len(rows) == 24
    assert all(int(row["answer"]) == RATING[row["shown"]] - (row["person"] == "Harsh") for row in rows)
    plot = xml.etree.ElementTree.parse(tmp_path / "report" / "plot.svg")
    assert {element.text for element in plot.iter("{http://www.w3.org/2000/svg}text")} >= {"9.50", "1.50", *RATING}


def test_rubbish_is_left_out_said_and_counted(study, tmp_path, capsys):
    good = answers_of(study, "Ann", rating)
    some = dict(good, person="Bob", answers=good["answers"][:5])
    wrong = [
        {"pictures": ["ffffffff"], "answer": 3},
        {"pictures": good["answers"][0]["pictures"], "answer": 9},  # Answered before.
        *({"pictures": good["answers"][5]["pictures"], "answer": value} for value in (0, 11, "7", True, None, 7.5)),
        {"answer": 3},
        {"pictures": [["x"]], "answer": 3},
        "?",
    ]
    folder = write(
        tmp_path / "answers",
        ann=good,
        ann_before=dict(good, person=" ann ", answers=good["answers"][:3]),
        bob=dict(some, answers=some["answers"] + wrong),
        cut=json.dumps(good)[:300],
        deep="[" * 100_000,
        list="[]",
        nobody=dict(good, person=" "),
        other=dict(good, study="01234567"),
        text="hello",
        two=dict(good, person="Two", answers={}),
    )
    (folder / "binary.json").write_bytes(b"\xff\x00\x81")
    given = [str(folder), str(tmp_path / "none.json"), f"--key={study.key}", f"--output={tmp_path / 'report'}"]
    assert main(["study", "report", *given]) == 1
    *said, failure = capsys.readouterr().err.splitlines()
    assert "left out of the report" in failure
    assert len(said) == 12
    for name, what in {
        "ann_before": "also of",
        "binary": "is damaged",
        "bob": "left out: 11 answers",
        "cut": "is damaged",
        "deep": "is damaged",
        "list": "is no file of answers",
        "nobody": "it has no person",
        "none": "No such file",
        "other": "is of another study, 01234567",
        "text": "is damaged",
        "two": "it has no answers",
    }.items():
        assert any(f"{name}.json" in line and what in line for line in said), name
    assert any("used: " in line and "bob.json, with 5 of 12 answered." in line for line in said)
    markdown = (tmp_path / "report" / "report.md").read_text()
    assert "People: 2. Photos: 3. Answers: 17." in markdown
    assert all(line.split(": ", 1)[1] in markdown for line in said)
    rows = list(csv.DictReader((tmp_path / "report" / "answers.csv").open()))
    assert all(int(row["answer"]) == RATING[row["shown"]] for row in rows)


def test_nothing_to_report(study, tmp_path):
    folder = write(tmp_path / "answers", text="hello")
    for paths, key, said in [
        ([folder], study.key, "None of 1 files of answers can be used: left out: .*text.json is damaged"),
        ([tmp_path / "photos"], study.key, "holds no files of answers"),
        ([folder], folder / "text.json", "is not the key of a study"),
        ([folder], tmp_path / "none.json", "Cannot read"),
    ]:
        with pytest.raises(InputError, match=said):
            write_report(paths, key, tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_better_pairs(tmp_path):
    study = make(tmp_path, photos=5, kind="better")
    best = answers_of(study, "Ann", lambda methods, pictures: pictures[methods.index(max(methods, key=RATING.get))], "better")
    answers = write(tmp_path / "answers", ann=best, bob=dict(best, person="Bob"))
    markdown = write_report([answers], study.key, tmp_path / "out").markdown
    assert "| okapi_net | 20 | 100% | 84% to 100% |\n| quagga_net | 20 | 50% | 30% to 70% |" in markdown
    assert "| okapi_net over zebra_net | 10 | 100% | 72% to 100% |" in markdown
    assert "alpha, nominal: 1.00." in markdown
    assert "9.89" not in markdown  # Published ratings are no pairs.


def test_real_pairs(tmp_path):
    study = make(tmp_path, photos=4, kind="real")

    def choose(methods, pictures):
        """Only okapi_net passes for real."""
        return pictures[methods.index("okapi_net" if "okapi_net" in methods else "original")]

    answers = write(tmp_path / "answers", ann=answers_of(study, "Ann", choose, "real"))
    markdown = write_report([answers], study.key, tmp_path / "out").markdown
    assert "| okapi_net | 4 | 100% | 51% to 100% |\n| quagga_net | 4 | 0% | 0% to 49% |" in markdown
    assert "One person alone" in markdown and "No figure" in markdown
    assert "| original |" not in markdown and set(LEVELS) < set(markdown.replace("|", " ").split())
