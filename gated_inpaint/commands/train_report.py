"""Writes a page about a training run, to be looked at in a browser while it trains or afterwards.

    gated-inpaint train_report runs/first

The page is report.html in the run's folder: curves, the validation's pictures over time, and what looks wrong.
"""

from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("RUN_DIR",)


def define_flags(values, argv):
    pass


def run(values, run_dir):
    with tensorflow_quiet():
        from gated_inpaint.training.report import write_report
    print(f"Wrote {write_report(run_dir)}.")
