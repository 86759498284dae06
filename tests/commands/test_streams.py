"""A finished result is not lost, and no trace is printed, where nothing can be printed."""

import os
import pathlib
import subprocess
import sys

import pytest

NAME = "выход-\U0001f642.png"
CODE = """
import sys
from gated_inpaint.commands.streams import unfailing_streams
with unfailing_streams():
    print("Wrote " + sys.argv[1])
    print("note " + sys.argv[1], file=sys.stderr)
    for _ in range(int(sys.argv[2])):
        print("more")
open("finished", "w").close()
"""


def start(tmp_path, redirection, lines=0, **environment):
    command = f'"{sys.executable}" -c "$CODE" "$NAME" {lines} {redirection}'
    environment = {**os.environ, "PYTHONUNBUFFERED": "", "CODE": CODE, "NAME": NAME, "PYTHONPATH": os.getcwd(), **environment}
    return subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict", "utf-8"])
def test_letters_that_the_encoding_lacks_are_written_as_codes(tmp_path, encoding):
    finished = start(tmp_path, "", PYTHONIOENCODING=encoding)
    expected = NAME if encoding == "utf-8" else NAME.encode("ascii", "backslashreplace").decode()
    assert finished.returncode == 0
    assert finished.stdout.decode().splitlines()[0] == f"Wrote {expected}"
    assert finished.stderr.decode() == f"note {expected}\n"


@pytest.mark.parametrize("lines", [0, 10_000])  # Printed when the process ends, or before.
@pytest.mark.parametrize("redirection", ["| true; exit ${PIPESTATUS[0]}", ">&-", "2>&-", ">/dev/full", "2>/dev/full", ">&- 2>&-"])
def test_where_nobody_listens(tmp_path, redirection, lines):
    finished = start(tmp_path, redirection, lines)
    assert finished.returncode == 0 and pathlib.Path(tmp_path, "finished").exists()
    assert b"Error" not in finished.stderr and b"Exception" not in finished.stderr
