"""How the driver and each measured system talk: lines of standard input and output. For Python from 3.7 on.

A question is a path of an .npz with `image`, uint8 [height, width, 3], RGB, and `mask`, bool [height, width], true in the hole; a
tab; and a path of an .npy for the completed picture, uint8 as the image. The answer is a line `seconds N`: what the completion
took, without reading and writing files. Lines that begin otherwise are a system's own remarks.
"""

import sys
import time

import numpy as np

ANSWER = "seconds "


def serve(complete):
    """Answers questions until there are no more, by `complete(image, mask)`."""
    for question in sys.stdin:
        source, target = question.rstrip("\n").split("\t")
        with np.load(source) as pair:
            image, mask = pair["image"], pair["mask"]
        begin = time.perf_counter()
        picture = complete(image, mask)
        seconds = time.perf_counter() - begin
        np.save(target, picture)
        print(ANSWER + str(seconds), flush=True)
