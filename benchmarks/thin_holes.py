"""Thin holes in photos at their own size: PSNR inside the hole of a network, Telea and PatchMatch, against the truth.

    python benchmarks/thin_holes.py cat.png coffee.png astronaut.png

Each photo is given the three kinds of thin hole, drawn from a seed: scratches (curves of 4 pixels), text (lines of it, all over the
photo) and wires (straight lines of 6 pixels across it). --pictures names a folder for what was made.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from absl import app, flags
from drawn_holes import psnr, scratches, text, wires

from gated_inpaint import Inpainter
from gated_inpaint.evaluation.methods.patchmatch import PatchMatch
from gated_inpaint.files.image_files import read_photo, write_png

FLAGS = flags.FLAGS
flags.DEFINE_multi_string("weights", ["default"], "What to complete with; several times for several.")
flags.DEFINE_bool("patchmatch", True, "Ask PatchMatch, too.")
flags.DEFINE_string("pictures", None, "Folder for the completed pictures.")


def main(argv):
    methods = {weights: Inpainter(weights) for weights in FLAGS.weights}
    methods["telea"] = lambda photo, hole: cv2.inpaint(photo, hole, 3, cv2.INPAINT_TELEA)
    if FLAGS.patchmatch:
        patchmatch = PatchMatch()
        methods["patchmatch"] = lambda photo, hole: patchmatch.complete(photo, hole, None)
    print("| photo | hole | share % |", " | ".join(f"{name} dB" for name in methods), "|")
    print("|---" * (3 + len(methods)) + "|")
    for path in map(pathlib.Path, argv[1:]):
        photo = np.ascontiguousarray(read_photo(path).array[..., :3])
        for seed, kind in enumerate((scratches, text, wires)):
            hole = kind(np.random.default_rng(seed), *photo.shape[:2])
            given = np.where(hole[..., np.newaxis] > 0, 0, photo).astype(np.uint8)
            made = {name: np.asarray(method(given, hole)) for name, method in methods.items()}
            figures = " | ".join(f"{psnr(picture, photo, hole):.2f}" for picture in made.values())
            size, share = f"{photo.shape[1]}x{photo.shape[0]}", f"{100 * np.mean(hole > 0):.1f}"
            print(f"| {path.stem} {size} | {kind.__name__} | {share} | {figures} |", flush=True)
            if FLAGS.pictures:
                folder = pathlib.Path(FLAGS.pictures)
                folder.mkdir(parents=True, exist_ok=True)
                for name, picture in {"given": given, **made}.items():
                    write_png(folder / f"{path.stem}_{kind.__name__}_{pathlib.Path(name).stem}.png", picture)


if __name__ == "__main__":
    app.run(main)
