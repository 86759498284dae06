"""Asks people which completed pictures look natural, without telling them which method made which.

    gated-inpaint study make --method ours=completed/ --originals photos/ --output study/
    gated-inpaint study report answers/ --key study_key.json --output report/

`make` writes a folder to hand out (open index.html) and, beside it, the key, which stays with you. `report` joins the files of
answers, or folders of them, that people send back. The exit status is 0 if all went well, and 1 if anything was wrong or left out
of the report.
"""

import sys

from absl import flags

from gated_inpaint.commands.parsing import required
from gated_inpaint.errors import InputError

ARGUMENTS = ("make|report", "ANSWERS...")


def define_flags(values, argv):
    def text(name, help, default=None):
        flags.DEFINE_string(name, default, help, flag_values=values)

    methods = "make: NAME=FOLDER of completed pictures; once for each method."
    flags.DEFINE_multi_string("method", None, methods, flag_values=values)
    text("originals", "make: folder of the original photos, which pair by stem; with --kind=ratings these are rated, too.")
    text("masks", "make: folder of masks, white in the hole: outside the hole all methods then show the original.")
    kinds = "make: ratings from 1 to 10; or pairs: which is better, which is real."
    flags.DEFINE_enum("kind", "ratings", ["ratings", "better", "real"], kinds, flag_values=values)
    number = "make: how many a person is asked; all if not given, and with --kind=real each photo once."
    flags.DEFINE_integer("per_person", None, number, flag_values=values)
    text("title", "make: heading of the page.", "Picture study")
    embed = "make: one file with the pictures inside, to send by mail; for small studies."
    flags.DEFINE_bool("embed", False, embed, flag_values=values)
    text("key", "make: file to write the key to, OUTPUT_key.json if not given. report: the key of the study.")
    text("output", "make: folder to write, which must be new. report: folder of report.md, methods.csv, answers.csv and plot.svg.")


def run(values, action, *answers):
    required(values, "output")
    if action == "make":
        _make(values, answers)
    else:
        _report(values, answers)


def _make(values, answers):
    if answers:
        raise InputError(f"unexpected argument {answers[0]}: everything is given to `make` as --FLAG=VALUE.")
    required(values, "method")
    from gated_inpaint.study.make import StudyOptions, make_study

    names = ("originals", "masks", "kind", "per_person", "title", "embed", "key", "output")
    study = make_study(StudyOptions(methods=tuple(values.method), **{name: values[name].value for name in names}))
    _say(study.notes)
    print(f"Wrote {study.page}: {study.questions} questions on {study.photos} photos, {study.per_person} for each person.")
    print(f"Wrote {study.key}: keep it from those who answer.")


def _report(values, answers):
    required(values, "key")
    if not answers:
        raise InputError("`report` needs files of answers, or folders of them.")
    from gated_inpaint.study.report import write_report

    report = write_report(answers, values.key, values.output)
    _say(report.notes)
    print(report.markdown)
    print(f"Wrote {values.output}: report.md, methods.csv, answers.csv and plot.svg.")
    if report.left_out:
        raise InputError("some answers were left out of the report, as said above.")


def _say(notes):
    for note in notes:
        print(f"study: {note}", file=sys.stderr)
