"""Trains the network on a folder of photos. `gated-inpaint train` without an installation.

    python train_main.py --flagfile=flags/quick_cpu.cfg --data=photos/ --validation_data=held_out/ --run_dir=runs/first

The run's folder explains itself; the same command resumes it. --help lists the flags.
"""

import sys

from gated_inpaint.commands.main import run

if __name__ == "__main__":
    sys.exit(run("train", sys.argv[1:], "train_main.py"))
