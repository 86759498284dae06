"""Keeps what C++ libraries write off stderr, where errors are to stand out: TensorFlow on the machine, codecs on odd files."""

import contextlib
import os
import threading

_LOCK = threading.Lock()  # Stderr is one for all threads.


@contextlib.contextmanager
def stderr_dropped():
    """Drops what the process writes to stderr meanwhile."""
    with _LOCK:
        try:
            stderr = os.dup(2)
        except OSError:  # It is closed.
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            os.close(null)


@contextlib.contextmanager
def tensorflow_quiet():
    """Silences stderr meanwhile, and TensorFlow's C++ log from then on; neither if TF_CPP_MIN_LOG_LEVEL was set by hand.

    To be put around the imports that bring TensorFlow in. Its newer versions write some lines whatever the level.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with stderr_dropped():
        yield
