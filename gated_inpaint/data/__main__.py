"""`python -m gated_inpaint.data` is `gated-inpaint data`."""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("data", sys.argv[1:], "python -m gated_inpaint.data"))
