"""One thread that completes photos one after the other, a bounded queue before it, and how long things take.

A network uses all of the machine's cores by itself, so two at once would only take turns, and twice the memory. A job that waits
is cancelled at once; one that runs, at the next place where it asks: between two pieces of a photo. What a network has begun is
computed to its end, and thrown away.
"""

import collections
import concurrent.futures
import itertools
import logging
import secrets
import threading
import time

from gated_inpaint.errors import InputError

KEPT_JOBS = 256  # Jobs that are done, for those who still ask.


class FullError(Exception):
    """The queue holds as many jobs as it may."""


class CancelledError(Exception):
    """Raised inside a job's work when the job was cancelled."""


class Job:
    """Work for the thread.

    Attributes:
      state: queued, running, done, failed or cancelled.
      estimate: seconds that it is thought to run; None where nothing is known.
      progress: (pieces done, in all), or None.
      plan: how the photo is completed, in a sentence's words; empty where it is completed as it is, or that is not known yet.
      result: what `work` returned; `sentence`: why it failed.
      finished: a future that is set when it has ended, whichever way.
    """

    def __init__(self, work, estimate=None, label=""):
        self.id, self.label, self.estimate = secrets.token_hex(8), label, estimate
        self.work, self.state, self.progress, self.result, self.sentence, self.is_fault = work, "queued", None, None, None, False
        self.plan = ""
        self.finished, self.began, self.seconds, self.is_cancelled = concurrent.futures.Future(), None, None, False

    def check(self, *progress):
        """To be called by the work between its pieces, perhaps with (pieces done, in all): raises CancelledError if cancelled."""
        if progress:
            self.progress = progress
        if self.is_cancelled:
            raise CancelledError


class Worker:
    """The thread, and its queue of at most `limit` jobs, the running one included. `on_end` is called with each that ended."""

    def __init__(self, limit, on_end=lambda job: None):
        self._limit, self._on_end = limit, on_end
        self._queue, self._running, self._jobs = collections.deque(), None, collections.OrderedDict()
        self._changed, self._closed = threading.Condition(), False
        self._thread = threading.Thread(target=self._run, name="completions", daemon=True)
        self._thread.start()

    def submit(self, work, estimate=None, label=""):
        """Queues `work(job)`; returns its `Job`. Raises FullError."""
        job = Job(work, estimate, label)
        with self._changed:
            if len(self._queue) + (self._running is not None) >= self._limit:
                raise FullError
            self._queue.append(job)
            self._jobs[job.id] = job
            ended = [key for key, one in self._jobs.items() if one.finished.done()]
            for key in itertools.islice(ended, max(len(ended) - KEPT_JOBS, 0)):
                del self._jobs[key]
            self._changed.notify()
        return job

    def job(self, key):
        """The `Job` of that id, or None."""
        with self._changed:
            return self._jobs.get(key)

    def cancel(self, job):
        """Cancels a job, if it has not ended; who waits for it is told at once, even where the network still computes."""
        with self._changed:
            if job.state not in ("queued", "running"):
                return
            job.is_cancelled, job.state = True, "cancelled"
            if job in self._queue:
                self._queue.remove(job)
        self._end(job)

    def waiting(self, job=None):
        """How many jobs are before this one, or in all; and the seconds that they are thought to take."""
        with self._changed:
            queue = list(self._queue)
            before = queue[: queue.index(job)] if job in queue else queue if job is None else []
            if self._running is not None and job is not self._running:
                before = [self._running, *before]
        left = [max((one.estimate or 0) - (time.monotonic() - one.began if one.began else 0), 0) for one in before]
        return len(before), sum(left)

    def close(self, seconds=0):
        """Cancels all jobs, and ends the thread when it is free. Returns whether it ended within so many seconds."""
        with self._changed:
            self._closed = True
            jobs = list(self._jobs.values())
            self._changed.notify()
        for job in jobs:
            self.cancel(job)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self):
        while True:
            with self._changed:
                self._running = None
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                job = self._running = self._queue.popleft()
                job.state, job.began = "running", time.monotonic()
            state = "done"
            try:
                job.result = job.work(job)
            except CancelledError:
                state = "cancelled"
            except InputError as error:
                state, job.sentence = "failed", str(error)
            except MemoryError:
                state, job.sentence = "failed", "There is not enough memory to complete this photo: crop or reduce it."
            except Exception:  # Whatever it is, the server goes on.
                logging.getLogger(__name__).exception("A job failed.")
                state, job.is_fault = "failed", True
                job.sentence = "Something went wrong in the server; what, is in its log."
            with self._changed:
                job.work, is_cancelled = None, job.is_cancelled
                if is_cancelled:
                    job.result = None
                else:
                    job.state, job.seconds = state, time.monotonic() - job.began
            if not is_cancelled:
                self._end(job)
            del job

    def _end(self, job):
        job.work = None
        self._on_end(job)
        job.finished.set_result(job.state)


class Pace:
    """How long completions take, learned from those before: seconds for each unit of work, by kind; later ones count more."""

    def __init__(self):
        self._rates = {}

    def learn(self, kind, work, seconds):
        if work > 0:
            rate = seconds / work
            self._rates[kind] = rate if kind not in self._rates else 0.5 * (rate + self._rates[kind])

    def estimate(self, kind, work):
        """Seconds, or None where nothing of that kind was seen."""
        return self._rates[kind] * work if kind in self._rates else None
