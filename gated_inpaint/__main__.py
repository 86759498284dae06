"""`python -m gated_inpaint` is `gated-inpaint`."""

import sys

from gated_inpaint.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
