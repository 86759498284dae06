"""Completes image files: one picture, or many with their masks; what is to be done, `jobs` finds.

What is wrong with one of many pictures is said, and the others go on; in any case a result is either complete or not there. Many
may be shared among workers, see `workers`; this process then takes no TensorFlow.
"""

import contextlib
import os
import pathlib

import tqdm

from gated_inpaint.errors import InputError
from gated_inpaint.inference.jobs import CompletionOptions, Job, find_jobs, is_there
from gated_inpaint.inference.progress import LoopProgress, say
from gated_inpaint.inference.report import Outcome, Report
from gated_inpaint.inference.workers import Workers
from gated_inpaint.quiet import tensorflow_quiet


def complete_files(options: CompletionOptions) -> "list[Outcome]":
    """Completes what a `CompletionOptions` names, and writes the results; see `complete_jobs`."""
    return complete_jobs(find_jobs(options), options)


def complete_jobs(jobs: "list[Job]", options: CompletionOptions) -> "list[Outcome]":
    """Completes `Job`s and writes the results, and the report if one is wanted. What is left out is said on stderr as it comes.

    Returns [`Outcome`], one for each job.

    Raises:
      InputError: what keeps any from being completed: the weights, where results go, or workers that keep dying; for a single
        photo, whatever is wrong.
    """
    is_single = options.is_single()
    to_do = [index for index, job in enumerate(jobs) if not (job.left_out or is_there(job, options))]
    outputs = (jobs[index].output for index in to_do)
    for folder in {options.save_stages, *(output.parent for output in outputs if output)} - {None}:
        _check_writable(folder)

    outcomes = [Outcome("left_out")] * len(jobs)
    make = _by_workers if options.takes_workers() and to_do else _one_by_one
    # Weights are read, and refused, before an earlier report is overwritten.
    with make(jobs, to_do, options) as made, Report(options.report, add=options.skip_existing) as report:
        for index, outcome, seconds in tqdm.tqdm(made, total=len(jobs), unit="picture", disable=is_single or None):
            job, outcomes[index] = jobs[index], outcome
            report.write(job, outcome, seconds)
            for note in outcome.notes:
                say(f"note: {note}")
            if outcome.status == "unchanged":
                by = "" if options.mask_from == "auto" else f", by --mask_from={options.mask_from}"
                say(f"warning: the mask {job.mask} is empty{by}: {job.image} is returned unchanged.")
            elif outcome.status == "left_out":
                if is_single:
                    raise InputError(f"{outcome.reason}.")
                say(f"left out {job.file}: {outcome.reason}.")
    return outcomes


@contextlib.contextmanager
def _one_by_one(jobs, to_do, options):
    """Completes jobs in their order, in this process: yields (index, `Outcome`, seconds) of each."""
    with tensorflow_quiet():
        from gated_inpaint.inference.photo_files import complete_job, make_inpainter

    inpainter = make_inpainter(options, eager=len(to_do) == 1) if to_do else None
    with LoopProgress(inpainter) as loop:

        def made():
            for index, job in enumerate(jobs):
                if loop.is_stopped and not job.left_out:
                    yield index, Outcome("left_out", "the work was stopped before it"), 0.0
                else:
                    yield index, *complete_job(inpainter, job, options, options.is_single())

        yield made()


@contextlib.contextmanager
def _by_workers(jobs, to_do, options):
    """Completes jobs in workers, as they come: yields (index, `Outcome`, seconds) of each, first of those that are not `to_do`."""
    with Workers(options, len(to_do)) as workers:

        def made():
            for index in sorted(set(range(len(jobs))) - set(to_do)):
                job = jobs[index]
                yield index, Outcome("left_out", job.left_out) if job.left_out else Outcome("exists"), 0.0
            for position, outcome, seconds in workers.complete([jobs[index] for index in to_do]):
                yield to_do[position], outcome, seconds

        yield made()


def _check_writable(folder):
    """Raises InputError if a folder is not there and cannot be made, or cannot be written in."""
    there = pathlib.Path(folder).absolute()
    while not os.path.exists(there):
        there = there.parent
    if not os.path.isdir(there):
        raise InputError(f"The output folder {folder} cannot be made: {there} is a file.")
    if not os.access(there, os.W_OK):
        raise InputError(f"The output folder {folder} cannot be written.")
