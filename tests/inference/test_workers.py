"""Jobs among workers: with pretended ones that die as they are told, and with processes, of which one is killed."""

import multiprocessing
import os
import pathlib
import signal
import types

import numpy as np
import pytest
from conftest import DATA
from numbered_photos import check_completed, write_photos

from gated_inpaint import InputError
from gated_inpaint.files.image_files import write_png
from gated_inpaint.inference import files, workers
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions
from gated_inpaint.inference.report import Outcome

SMALL = str(DATA / "weight_files/shift_30_net_G.pth")  # Its graph is made in a second.


class Pretended:
    """A pool whose workers answer one job at a time, in turns, and die of those that are fatal."""

    fatal, started, is_closed = {}, 0, False  # Of a job, how many workers will die.

    def __init__(self, options, count):
        self.count, self._given = count, {}

    def start(self):
        Pretended.started += 1
        self._given[Pretended.started] = None
        return Pretended.started

    def give(self, worker, job):
        self._given[worker].append(job)

    def wait(self):
        for worker, jobs in list(self._given.items()):
            if jobs is None:
                self._given[worker] = []
                yield worker, ("ready",)
            elif jobs and Pretended.fatal.get(jobs[0], 0):
                Pretended.fatal[jobs[0]] -= 1
                del self._given[worker]
                yield worker, ("died", "killed by SIGKILL")
            elif jobs:
                yield worker, ("done", Outcome("completed", notes=(jobs.pop(0),)), 0.5)

    def close(self):
        Pretended.is_closed = True


def completed(monkeypatch, fatal, jobs=40, count=3):
    """[(job, how many workers died of it, or None if it was completed)] in the order of the jobs."""
    for name, value in {"fatal": dict(fatal), "started": 0, "is_closed": False}.items():
        monkeypatch.setattr(Pretended, name, value)
    monkeypatch.setattr(workers, "Processes", Pretended)
    made = {}
    with workers.Workers(types.SimpleNamespace(engine="processes", workers=count), jobs) as many:
        for position, outcome, _ in many.complete([f"job {number}" for number in range(jobs)]):
            assert position not in made
            made[position] = outcome.reason
            assert outcome.status == "left_out" or outcome.notes == (f"job {position}",)
    assert sorted(made) == list(range(jobs))
    return made


def test_each_job_once_whoever_dies(monkeypatch):
    assert set(completed(monkeypatch, {}).values()) == {None}
    assert Pretended.started == 3 and Pretended.is_closed
    # Deaths that are no job's fault, at the beginning, in the middle and at the end.
    assert set(completed(monkeypatch, {"job 0": 2, "job 20": 1, "job 21": 1, "job 39": 1}).values()) == {None}
    assert set(completed(monkeypatch, {"job 0": 2}, jobs=1).values()) == {None} and Pretended.started == 3


def test_a_job_that_kills_is_left_out(monkeypatch):
    made = completed(monkeypatch, {"job 7": 99, "job 39": 99})
    assert {position for position, reason in made.items() if reason} == {7, 39}
    assert made[7] == "3 workers died of it, the last one killed by SIGKILL"


def test_where_all_die_the_work_ends(monkeypatch):
    with pytest.raises(InputError, match="10 workers died one after the other, the last one killed by SIGKILL: nothing"):
        completed(monkeypatch, {f"job {number}": 99 for number in range(10, 40)})
    assert Pretended.is_closed


def test_refused_weights_leave_the_report(monkeypatch, tmp_path):
    monkeypatch.setattr(Pretended, "wait", lambda self: [(1, ("refused", "There is no such weights file."))])
    monkeypatch.setattr(workers, "Processes", Pretended)
    (tmp_path / "photos").mkdir()
    write_png(tmp_path / "photos/a.png", np.zeros([8, 8, 3], np.uint8))
    (tmp_path / "report.jsonl").write_text("of yesterday\n")
    options = dict(image=tmp_path / "photos", output=tmp_path / "out", report=tmp_path / "report.jsonl", workers=2)
    with pytest.raises(InputError, match="no such weights"):
        complete_files(CompletionOptions(**options))
    assert (tmp_path / "report.jsonl").read_text() == "of yesterday\n"


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(image="photos", workers=0), "--workers must be at least 1, not 0"),
        (dict(image="a.png", workers=2), "a.png is one photo"),
        (dict(image="a.png", engine="ray"), "a.png is one photo"),
        (dict(image="photos", worker_gpus=0.5), "--worker_gpus goes with --engine=ray"),
        (dict(image="photos", engine="spark"), "--engine must be one of processes, ray, not spark"),
    ],
)
def test_options_that_make_no_sense(tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("photos").mkdir()
    with pytest.raises(InputError, match=words):
        CompletionOptions(**options).check()


def test_processes_of_which_one_is_killed(tmp_path, monkeypatch, capfd):
    """All photos are completed as one process completes them, and reported once; a second run leaves them as they are."""
    monkeypatch.chdir(tmp_path)
    names = [f"{number:02d}.png" for number in range(24)]
    write_photos(names)
    options = dict(image="photos", mask="masks", output="out", weights=SMALL, report="report.jsonl", workers=2)

    written, write = [], files.Report.write

    def killing(report, *line):
        write(report, *line)
        written.append(line)
        if len(written) == 8:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    monkeypatch.setattr(files.Report, "write", killing)
    complete_files(CompletionOptions(**options))
    check_completed(names, SMALL)
    assert multiprocessing.active_children() == []
    said = [line.split("\r")[-1] for line in capfd.readouterr().err.splitlines()]
    assert sum(line.startswith("left out photos/05.png") for line in said) == 1
    assert not any("Traceback" in line for line in said)

    pathlib.Path("photos/05.png").unlink()
    outcomes = complete_files(CompletionOptions(**options, skip_existing=True))
    assert {outcome.status for outcome in outcomes} == {"exists", "left_out"}  # The mask of what is gone.
