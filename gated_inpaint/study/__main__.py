"""Asks people which completed pictures look natural, without telling them which method made which.

    python -m gated_inpaint.study make --method ours=completed/ --originals photos/ --output study/
    python -m gated_inpaint.study report answers/ --key study_key.json --output report/

`make` writes a folder to hand out (open index.html) and, beside it, the key, which stays with you.
`report` joins the files of answers that people send back. The exit status is 0 if all went well,
and 1 if anything was wrong or left out of the report, which is then said on stderr.
"""

import argparse
import sys

from gated_inpaint.errors import InputError
from gated_inpaint.study.make import KINDS, StudyOptions, make_study
from gated_inpaint.study.report import write_report


def parse(argv):
    parser = argparse.ArgumentParser(prog="python -m gated_inpaint.study", description=__doc__.splitlines()[0], allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="writes the page, its pictures and the key", allow_abbrev=False)
    add = make.add_argument
    add("--method", action="append", required=True, help="NAME=FOLDER of completed pictures; once for each method")
    add("--originals", help="folder of the original photos, which pair by stem; ratings: these are rated, too")
    add("--masks", help="folder of masks, white in the hole: outside the hole all methods then show the original")
    add("--kind", choices=sorted(KINDS), default="ratings", help="ratings from 1 to 10, or pairs; default: %(default)s")
    add("--per_person", type=int, help="how many a person is asked; default: all, and with --kind=real each photo once")
    add("--title", default="Picture study", help="heading of the page; default: %(default)s")
    add("--embed", action="store_true", help="one file with the pictures inside, to send by mail; for small studies")
    add("--output", required=True, help="folder to write; must be new")
    add("--key", help="file to write the key to; default: OUTPUT_key.json, beside the folder")
    report = commands.add_parser("report", help="joins the files of answers", allow_abbrev=False)
    add = report.add_argument
    add("answers", nargs="+", help="files of answers, or folders of them")
    add("--key", required=True, help="the key of the study")
    add("--output", required=True, help="folder to write report.md, methods.csv, answers.csv and plot.svg to; made if need be")
    return parser.parse_args(argv)


def main(argv):
    """Runs the command with these arguments; returns the exit status."""
    given = vars(parse(argv))
    run = {"make": _make, "report": _report}[given.pop("command")]
    try:
        return run(**given)
    except InputError as error:
        print(f"gated_inpaint.study: error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("gated_inpaint.study: error: interrupted.", file=sys.stderr)
    return 1


def _make(method, **options):
    study = make_study(StudyOptions(methods=tuple(method), **options))
    _say(study.notes)
    print(f"Wrote {study.page}: {study.questions} questions on {study.photos} photos, {study.per_person} for each person.")
    print(f"Wrote {study.key}: keep it from those who answer.")
    return 0


def _report(answers, key, output):
    report = write_report(answers, key, output)
    _say(report.notes)
    print(report.markdown)
    print(f"Wrote {output}: report.md, methods.csv, answers.csv and plot.svg.")
    return 1 if report.left_out else 0


def _say(notes):
    for note in notes:
        print(f"gated_inpaint.study: {note}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
