"""Answers the driver's questions by this package: python ours.py WEIGHTS."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys

from lines import serve

from gated_inpaint import Inpainter

if __name__ == "__main__":
    # The strategy whose result is that of the network on the whole picture, which is what the others compute.
    serve(Inpainter(sys.argv[1], hd_strategy="original"))
