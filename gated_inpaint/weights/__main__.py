"""`python -m gated_inpaint.weights` is `gated-inpaint weights`."""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("weights", sys.argv[1:], "python -m gated_inpaint.weights"))
