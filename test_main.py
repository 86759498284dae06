"""Completes photos: fills the hole that a mask marks. `gated-inpaint complete` without an installation.

    python test_main.py --image photo.jpg --mask mask.png --output completed.png
    python test_main.py --image photos/ --mask masks/ --output completed/

With no flags a bundled example is completed; --help lists the flags.
"""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("complete", sys.argv[1:], "test_main.py"))
