"""`python -m gated_inpaint.editor` is `gated-inpaint edit`."""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("edit", sys.argv[1:], "python -m gated_inpaint.editor"))
