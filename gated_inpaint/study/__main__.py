"""`python -m gated_inpaint.study` is `gated-inpaint study`."""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("study", sys.argv[1:], "python -m gated_inpaint.study"))
