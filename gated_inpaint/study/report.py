"""All answers to a study, joined: tables as Markdown and CSV, and a plot.

report.md     what was found, how sure that is, what was left out; published ratings apart
methods.csv   one line for each method: answers, mean or share, interval
answers.csv   one line for each answer, with its method
plot.svg      the methods with their intervals
"""

import csv
import io
import itertools
import pathlib
from typing import NamedTuple

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole
from gated_inpaint.study.answers import read_answers, read_key
from gated_inpaint.study.make import ORIGINAL
from gated_inpaint.study.plot import interval_plot
from gated_inpaint.study.statistics import (
    RESAMPLES,
    bootstrap_means,
    krippendorff_alpha,
    percentile_interval,
    wilson_interval,
)

PUBLISHED_SOURCE = "Free-Form Image Inpainting with Gated Convolution, arXiv 1806.03589, user study (ratings from 1 to 10)"
PUBLISHED = {
    "ground truth": 9.89,
    "gated": 7.72,
    "PartialConv (re-implemented)": 7.07,
    "PartialConv (official)": 6.54,
}


class Report(NamedTuple):
    """What was found."""

    markdown: str
    notes: list  # One line on each file of answers that is not whole.
    left_out: int  # Files and answers that cannot be used.


class _Row(NamedTuple):
    """What one method got: a mean rating, or the share of pairs in which it was chosen."""

    method: str
    answers: int
    value: float
    low: float
    high: float


def write_report(paths, key_path, output):
    """Reads files of answers and writes the report to a folder; returns a `Report`.

    Raises:
      InputError: the key or every file of answers cannot be used, or the folder cannot be written.
    """
    key = read_key(key_path)
    answers = read_answers(paths, key)
    rows = answers.rows
    findings = {"ratings": _ratings, "better": _better, "real": _real}[key["kind"]](rows)
    people, photos = len({row.person for row in rows}), len({row.photo for row in rows})
    lines = ["# Picture study", "", f"People: {people}. Photos: {photos}. Answers: {len(rows)}.", ""]
    if people == 1:
        lines += ["One person alone: the intervals say nothing about what other people would answer.", ""]
    lines += [*findings.lines, "", "![Methods with their intervals](plot.svg)", "", *_agreement_lines(key["kind"], rows)]
    if answers.notes:
        lines += ["", "## Files of answers", "", *(f"- {note}" for note in answers.notes)]
    if key["kind"] == "ratings":
        lines += ["", *_published_lines()]
    markdown = "\n".join(lines) + "\n"

    output = pathlib.Path(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {output}: {error.strerror}.") from error
    write_whole(output / "report.md", markdown.encode())
    write_whole(output / "plot.svg", findings.plot.encode())
    write_whole(output / "methods.csv", _csv(_Row._fields, findings.rows))
    write_whole(output / "answers.csv", _csv(("person", "photo", "shown", "answer", "seconds"), map(_answer_cells, rows)))
    return Report(markdown, answers.notes, answers.left_out)


class _Findings(NamedTuple):
    rows: list
    lines: list
    plot: str


def _ratings(answers):
    methods = sorted({row.methods[0] for row in answers})
    values = _table(answers, methods)
    means = [np.nanmean(of_method) for of_method in values]
    samples = bootstrap_means(values)
    rows = [
        _Row(method, int((~np.isnan(of_method)).sum()), float(mean), *percentile_interval(sample))
        for method, of_method, mean, sample in zip(methods, values, means, samples.T)
    ]
    rows.sort(key=lambda row: -row.value)
    lines = ["## Mean rating, from 1 to 10", "", _line("method", "ratings", "mean", "95% interval"), _line(*["---"] * 4)]
    lines += [_line(row.method, row.answers, f"{row.value:.2f}", f"{row.low:.2f} to {row.high:.2f}") for row in rows]
    lines += ["", f"Intervals: bootstrap over people and photos, both drawn anew {RESAMPLES:,} times; percentiles 2.5 and 97.5."]
    if len(methods) > 1:
        lines += ["", "## Differences", "", _line("methods", "difference", "95% interval"), _line(*["---"] * 3)]
    for better, worse in itertools.combinations([methods.index(row.method) for row in rows], 2):
        low, high = percentile_interval(samples[:, better] - samples[:, worse])
        difference = f"{means[better] - means[worse]:.2f}"
        lines.append(_line(f"{methods[better]} - {methods[worse]}", difference, f"{low:.2f} to {high:.2f}"))
    if len(methods) > 1:
        lines += ["", "Of the same draws. An interval that holds 0: these answers do not tell the two apart."]
    return _Findings(rows, lines, _plot("Mean rating", rows, range(1, 11), "rating, from 1 to 10; lines are 95% intervals"))


def _better(answers):
    methods = sorted({method for row in answers for method in row.methods})
    rows = [_share(method, [row for row in answers if method in row.methods]) for method in methods]
    rows.sort(key=lambda row: -row.value)
    lines = ["## Pairs won", "", *_share_table(rows, "pairs", "won"), "", _WILSON]
    lines += ["", "## Pair by pair", "", _line("methods", "pairs", "won by the first", "95% interval"), _line(*["---"] * 4)]
    for first, second in itertools.combinations([row.method for row in rows], 2):
        pairs = [row for row in answers if set(row.methods) == {first, second}]
        if pairs:
            row = _share(first, pairs)
            lines.append(_line(f"{first} over {second}", row.answers, f"{row.value:.0%}", f"{row.low:.0%} to {row.high:.0%}"))
    plot = _plot("Pairs won", rows, range(0, 101, 10), "% of its pairs; lines are 95% intervals", 100, 50)
    return _Findings(rows, lines, plot)


def _real(answers):
    methods = sorted({method for row in answers for method in row.methods} - {ORIGINAL})
    rows = [_share(method, [row for row in answers if method in row.methods]) for method in methods]
    rows.sort(key=lambda row: -row.value)
    lines = ["## Taken for the real photo", "", *_share_table(rows, "pairs", "taken for real"), "", _WILSON]
    lines += ["At 50% nobody can tell completed pictures from photos."]
    plot = _plot("Taken for the real photo", rows, range(0, 101, 10), "% of its pairs; lines are 95% intervals", 100, 50)
    return _Findings(rows, lines, plot)


_WILSON = "Intervals: Wilson's, of a binomial share. They take answers as independent: rather too narrow where people differ."


def _share(method, pairs):
    """How often a method was chosen in pairs, all with it."""
    chosen = sum(row.methods[row.value] == method for row in pairs)
    return _Row(method, len(pairs), chosen / len(pairs), *wilson_interval(chosen, len(pairs)))


def _share_table(rows, answers, share):
    yield _line("method", answers, share, "95% interval")
    yield _line(*["---"] * 4)
    for row in rows:
        yield _line(row.method, row.answers, f"{row.value:.0%}", f"{row.low:.0%} to {row.high:.0%}")


def _table(answers, methods):
    """Ratings as float [methods, people, photos]; NaN where there is none."""
    people, photos = (sorted({row[field] for row in answers}) for field in (0, 1))
    table = np.full((len(methods), len(people), len(photos)), np.nan)
    for row in answers:
        table[methods.index(row.methods[0]), people.index(row.person), photos.index(row.photo)] = row.value
    return table


def _agreement_lines(kind, answers):
    people, items = sorted({row.person for row in answers}), sorted({row.item for row in answers})
    table = np.full((len(people), len(items)), np.nan)
    for row in answers:
        table[people.index(row.person), items.index(row.item)] = row.value
    difference = "interval" if kind == "ratings" else "nominal"
    alpha = krippendorff_alpha(table, difference)
    yield "## Agreement between people"
    yield ""
    if np.isnan(alpha):
        yield "No figure: no two people answered the same question, or all answers are the same."
        return
    yield f"Krippendorff's alpha, {difference}: {alpha:.2f}. 1 is full agreement, 0 that of chance."
    yield "It takes any number of people, of whom each may have answered only some questions;"
    if kind == "ratings":
        yield "and the means above are of ratings as numbers, so it weighs the squares of their differences."
    else:
        yield "of a pair, the answer is which picture was chosen, first or second in the order of their random names."


def _published_lines():
    yield "## Published references, not measured here"
    yield ""
    yield f"{PUBLISHED_SOURCE}."
    yield "Other people, photos and masks: these figures compare with each other, not with those measured here."
    yield ""
    yield _line("method", "mean rating")
    yield _line(*["---"] * 2)
    for method, rating in PUBLISHED.items():
        yield _line(method, f"{rating:.2f}")


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _plot(title, rows, ticks, unit, scale=1, reference=None):
    return interval_plot(title, [(row.method, *(scale * value for value in row[2:])) for row in rows], ticks, unit, reference)


def _answer_cells(row):
    answer = row.value if len(row.methods) == 1 else row.methods[row.value]
    return row.person, row.photo, " or ".join(row.methods), answer, row.seconds


def _csv(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()
