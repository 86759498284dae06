"""For commands: keeps TensorFlow's remarks about the machine off stderr, where errors are to stand out."""

import contextlib
import os


@contextlib.contextmanager
def tensorflow_quiet():
    """Silences stderr meanwhile, and TensorFlow's C++ log from then on; neither if TF_CPP_MIN_LOG_LEVEL was set by hand.

    To be put around the imports that bring TensorFlow in. Its newer versions write some lines whatever the level.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)
