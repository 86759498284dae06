"""What a person sees while photos are completed: lines and bars on stderr."""

import signal
import sys
import threading

import tqdm


def say(line):
    """Writes a line to stderr, above any bar."""
    tqdm.tqdm.write(line, file=sys.stderr)


class PieceProgress:
    """Shows on a terminal how far a photo is that takes more than two seconds; a log gets no bars."""

    def __enter__(self):
        self._bar = None
        return self

    def __exit__(self, *exception):
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done, count):
        if self._bar is None:
            self._bar = tqdm.tqdm(total=count, unit="piece", delay=2, leave=False, disable=None)
        self._bar.update(done - self._bar.n)


class LoopProgress:
    """Shows on stderr how far a network's loop is, and the value of what it lowers. Ctrl-C ends the loop with the best so far, and
    leaves out the photos that are still to come; a second one ends the process as ever."""

    def __init__(self, inpainter):
        self._network = inpainter.network if inpainter and inpainter.network.iterations is not None else None
        self._bar, self._before, self.is_stopped = None, None, False

    def __enter__(self):
        if self._network is not None:
            self._network.watch = self._watch
            if threading.current_thread() is threading.main_thread():  # Others cannot take signals.
                self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *exception):
        if self._network is not None:
            self._network.watch = None
            self._close()
            if self._before is not None:
                signal.signal(signal.SIGINT, self._before)

    def _watch(self, done, count, value):
        if self._bar is None:
            self._bar = tqdm.tqdm(total=count, unit="step", leave=False, disable=None)
        self._bar.set_postfix_str(f"objective {value:.6g}", refresh=False)
        self._bar.update(done + 1 - self._bar.n)
        if done + 1 == count or self.is_stopped:
            self._close()
        return self.is_stopped

    def _close(self):
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _stop(self, *_):
        self.is_stopped = True
        say("Stopping after this step, with the best so far.")
        signal.signal(signal.SIGINT, self._before)
