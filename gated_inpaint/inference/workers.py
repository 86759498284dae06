"""Many jobs among workers, each with one `Inpainter`: processes of this machine, or a Ray cluster's (`ray_workers`).

Jobs are handed out here, one after the other, and every answer comes back here, so that a report has one writer and each job one
line. A worker that dies, by whatever cause, costs the jobs that it was given and had not answered: they are given to others, and
another worker is started. A job that was being done when three workers died is left out, for it may be the cause; where workers
die and nothing is completed meanwhile, the work ends.

A pool of workers has `start()`, which returns a worker at once; `give(worker, job)`; `wait()`, which yields (worker, event) where
there is something, an event being one of those below; and `close()`, which ends them, whatever they do.

  ("ready",)                    jobs may be given
  ("refused", sentence)         nothing can be completed: the weights cannot be used
  ("done", outcome, seconds)    of the job that was given first of those unanswered
  ("died", reason)              its jobs are not answered any more
"""

import collections
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading

from gated_inpaint.errors import InputError
from gated_inpaint.inference.report import Outcome
from gated_inpaint.quiet import tensorflow_quiet

TRIES = 3  # Workers that may die of one job.
PATIENCE = 10  # Seconds in which workers that are told to end should.


class Workers:
    """Workers, from the first to the last job; a context manager, which begins with one that is ready.

    Arguments:
      options: a `CompletionOptions`.
      most: how many jobs there are to be.

    Raises:
      InputError: the weights cannot be used; workers die before they are ready; or what the engine needs is not there.
    """

    def __init__(self, options, most):
        if options.engine == "ray":
            from gated_inpaint.inference.ray_workers import Actors

            self._pool = Actors(options)
        else:
            self._pool = Processes(options, min(options.workers, most))
        self._count = min(self._pool.count, most)
        self._given, self._ready, self._deaths = {}, set(), 0

    def __enter__(self):
        try:
            for _ in range(self._count):
                self._given[self._pool.start()] = collections.deque()
            while not self._ready:
                for worker, (name, *values) in self._pool.wait():
                    self._note(worker, name, *values)
                    if name == "died":
                        self._given[self._pool.start()] = collections.deque()
        except BaseException:
            self._pool.close()
            raise
        return self

    def __exit__(self, *_):
        self._pool.close()

    def complete(self, jobs):
        """Yields (position in the list, `Outcome`, seconds) of each job, as they come.

        Raises:
          InputError: workers die, and nothing is completed meanwhile.
        """
        waiting = collections.deque(range(len(jobs)))
        tries = collections.Counter()
        for worker in list(self._ready):
            self._give(worker, jobs, waiting)
        while waiting or any(self._given.values()):
            for worker, (name, *values) in self._pool.wait():
                unanswered = self._note(worker, name, *values)
                if name == "done":
                    yield (unanswered.popleft(), *values)
                elif name == "died":
                    if unanswered:  # The first of them was being done.
                        tries[unanswered[0]] += 1
                        if tries[unanswered[0]] == TRIES:
                            reason = f"{TRIES} workers died of it, the last one {values[0]}"
                            yield unanswered.popleft(), Outcome("left_out", reason), 0.0
                    waiting.extendleft(reversed(unanswered))
                    if len(self._given) < min(self._count, len(waiting)):
                        self._given[self._pool.start()] = collections.deque()
                # Those that were waiting for a job, too: a worker that died gave some back.
                for ready in self._ready if name == "died" else self._ready & {worker}:
                    self._give(ready, jobs, waiting)

    def _give(self, worker, jobs, waiting):
        """One job, and one more to be there when the first is done; towards the end, none that another could begin at once."""
        ahead = 2 if len(waiting) > len(self._given) else 1
        while waiting and len(self._given[worker]) < ahead:
            position = waiting.popleft()
            self._given[worker].append(position)
            self._pool.give(worker, jobs[position])

    def _note(self, worker, name, *values):
        """Takes note of an event; returns the positions of the jobs that the worker was given and has not answered."""
        if name == "refused":
            raise InputError(values[0])
        if name == "ready":
            self._ready.add(worker)
        elif name == "done":
            self._deaths = 0
        else:
            self._ready.discard(worker)
            self._deaths += 1
            if self._deaths >= max(10, TRIES * self._count):
                raise InputError(
                    f"{self._deaths} workers died one after the other, the last one {values[0]}: nothing was completed meanwhile. "
                    "Fewer --workers need less memory; without them, errors are shown in full."
                )
            return self._given.pop(worker)
        return self._given[worker]


class Processes:
    """A pool of processes of this machine, which share its processors and GPUs; see above.

    Arguments:
      options: a `CompletionOptions`.
      count: how many there will be at a time.
    """

    def __init__(self, options, count):
        self.count = count
        self._options, self._started, self._processes = options, 0, {}

    def start(self):
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork.
        ours, theirs = context.Pipe()
        share = (max(1, (os.cpu_count() or 1) // self.count), self._started)  # Threads, and a GPU's number.
        process = context.Process(target=_work, args=(theirs, self._options, share), daemon=True)
        with _interrupts_ignored():  # Ctrl-C reaches all processes of a terminal, and this one ends the others.
            process.start()
        theirs.close()  # So that its end is seen here.
        self._started += 1
        self._processes[ours] = process
        return ours

    def give(self, worker, job):
        with contextlib.suppress(OSError):  # It died: `wait` will say so.
            worker.send(job)

    def wait(self):
        for worker in multiprocessing.connection.wait(list(self._processes)):
            try:
                event = worker.recv()
            except (EOFError, OSError):
                event = "died", _end_of(self._processes.pop(worker))
                worker.close()
            yield worker, event

    def close(self):
        for worker, process in self._processes.items():
            worker.close()
            process.terminate()
        for process in self._processes.values():
            _end_of(process)


def _end_of(process):
    """Waits for a process that ends, or kills it; returns what became of it."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    if process.exitcode >= 0:
        return f"with exit status {process.exitcode}"
    number = -process.exitcode
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"killed by {name}{', perhaps for want of memory' if name == 'SIGKILL' else ''}"


@contextlib.contextmanager
def _interrupts_ignored():
    """Processes that are started meanwhile ignore Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection, options, share):
    """The main of a worker's process: answers jobs until there are no more, or nobody listens."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # As an exception: an unfinished file is removed.
    with tensorflow_quiet():
        from gated_inpaint.inference.photo_files import complete_job, make_inpainter, take_share
    take_share(*share)
    with contextlib.suppress(EOFError, OSError):
        try:
            inpainter = make_inpainter(options)
        except InputError as error:
            connection.send(("refused", str(error)))
            return
        connection.send(("ready",))
        while True:
            connection.send(("done", *complete_job(inpainter, connection.recv(), options)))
