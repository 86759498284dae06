"""Workers that are actors of a Ray cluster, for `workers`: each has one `Inpainter`, and the processors and GPUs that it is given.

All machines see photos, masks, weights and results under the same paths, and have gated_inpaint installed. Jobs go out, and what
became of them comes back; pictures do neither. Which worker died of which job is known here, and nowhere in Ray Data, whose blocks
fail as a whole: so these are plain actors, which Ray is not to restart. Those that the cluster has no room for wait until it has;
where a node dies, its workers' successors do, and the others go on.
"""

import dataclasses
import os
import pathlib
import socket

from gated_inpaint.errors import InputError, first_line
from gated_inpaint.inference.progress import say

try:
    import ray
except ImportError as error:
    raise InputError("--engine=ray takes Ray: pip install 'gated_inpaint[ray]'.") from error

PATIENCE = 60  # Seconds after which it is said that no worker has begun.


class Actors:
    """A pool of actors, see `workers`.

    Arguments:
      options: a `CompletionOptions`.

    Attributes:
      count: how many there are to be at a time.

    Raises:
      InputError: there is no such cluster, or no room in it for a worker.
    """

    def __init__(self, options):
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            _join(options.ray_address)
        cpus, gpus = 1.0 if options.worker_cpus is None else options.worker_cpus, options.worker_gpus or 0.0
        needs = {"CPU": cpus, **({"GPU": gpus} if gpus else {})}
        there = ray.cluster_resources()
        room = min(int(there.get(name, 0) / need + 1e-6) for name, need in needs.items())
        self._what = _in_words(needs)
        if not (room or options.workers):  # Some clusters grow when they are asked.
            self._leave()
            found = _in_words({name: there.get(name, 0) for name in needs})
            raise InputError(f"No worker of {self._what} fits into the Ray cluster, which has {found}.")
        self.count = options.workers or room
        self._options, self._threads = _with_full_paths(options), max(1, int(cpus))
        self._actor = ray.remote(_Worker).options(num_cpus=cpus, num_gpus=gpus)
        self._beginning, self._asked, self._started = set(), {}, {}

    def start(self):
        worker = self._actor.remote()
        self._started[id(worker)] = worker
        answer = worker.begin.remote(self._options, self._threads)
        self._beginning.add(answer)
        self._asked[answer] = worker
        return worker

    def give(self, worker, job):
        paths = {name: getattr(job, name) for name in ("image", "mask", "sketch", "output")}
        full = {name: path and pathlib.Path(os.path.abspath(path)) for name, path in paths.items()}
        self._asked[worker.complete.remote(job._replace(**full))] = worker

    def wait(self):
        answered, _ = ray.wait(list(self._asked), timeout=PATIENCE)
        if not answered and self._beginning == set(self._asked):
            say(f"note: no worker has begun in {PATIENCE} s: has the Ray cluster room for {self._what}?")
        for answer in answered:
            worker = self._asked.pop(answer)
            self._beginning.discard(answer)
            try:
                event = ray.get(answer)
            except ray.exceptions.RayError as error:
                event = "died", _reason(error)
                self._asked = {other: by for other, by in self._asked.items() if by is not worker}
                ray.kill(self._started.pop(id(worker)))
            yield worker, event

    def close(self):
        for worker in self._started.values():
            ray.kill(worker)
        self._leave()

    def _leave(self):
        if self._is_ours:
            ray.shutdown()


class _Worker:
    """What an actor does; its answers are events of a pool, see `workers`."""

    def begin(self, options, threads):
        from gated_inpaint.inference.photo_files import complete_job, make_inpainter, take_share  # Takes TensorFlow.

        take_share(threads)
        self._options, self._complete = options, complete_job
        try:
            self._inpainter = make_inpainter(options)
        except InputError as error:
            return "refused", str(error)
        return ("ready",)

    def complete(self, job):
        return ("done", *self._complete(self._inpainter, job, self._options))


def _join(address):
    """Joins a cluster, or starts one of this machine."""
    host, _, port = (address or "").rpartition("//")[2].rpartition(":")
    if port.isdigit():  # Ray itself asks there for many minutes.
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except OSError as error:
            raise InputError(f"There is no Ray cluster at {address}: {error.strerror or error}.") from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # One that is started here reports to nobody.
    try:
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = f" at {address}" if address else ""
        raise InputError(f"No Ray cluster{where} can be joined: {first_line(error).rstrip('.')}.") from error


def _with_full_paths(options):
    """Options for machines whose working directory is another one."""
    full = {"save_stages": options.save_stages and pathlib.Path(os.path.abspath(options.save_stages))}
    if options.weights is not None and any(os.path.lexists(f"{options.weights}{end}") for end in ("", ".index")):
        full["weights"] = os.path.abspath(options.weights)  # And no preset's name.
    return dataclasses.replace(options, **full)


def _in_words(resources):
    return " and ".join(f"{amount:g} {name}{'s' * (amount != 1)}" for name, amount in resources.items())


def _reason(error):
    """Why a worker died, from what Ray says of it; or what was raised in it."""
    cause = getattr(error, "cause", None)
    cause = cause if isinstance(cause, Exception) else error
    return f"of {type(cause).__name__}: {first_line(cause).rstrip('.')}"
