"""`python -m gated_inpaint.evaluation` is `gated-inpaint evaluate`."""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("evaluate", sys.argv[1:], "python -m gated_inpaint.evaluation"))
