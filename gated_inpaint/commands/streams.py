"""Standard streams that never keep a command from finishing.

What a command made is in files; a line about it that cannot be printed must not end in a trace, nor in another exit status. So a
letter that the stream's encoding lacks is written as its code, and nothing is raised where nobody listens: a closed pipe, a closed
stream, a full disk.
"""

import contextlib
import os
import sys


@contextlib.contextmanager
def unfailing_streams():
    """Replaces `sys.stdout` and `sys.stderr` meanwhile by ones that never fail."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Unfailing(stream) for stream in before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.close_if_broken()
        sys.stdout, sys.stderr = before


class _Unfailing:
    """Arguments: a text stream, or None where the process was started without it."""

    def __init__(self, stream):
        self._stream = open(os.devnull, "w") if stream is None else stream

    def write(self, text):
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self):
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def close_if_broken(self):
        """Leads a stream that cannot be written to nowhere: the interpreter flushes it when it ends, and would complain."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._stream.fileno())
                os.close(null)

    def __getattr__(self, name):
        return getattr(self._stream, name)
