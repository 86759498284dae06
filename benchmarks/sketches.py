"""Whether a guided network follows a sketch: edges of its results in the hole, against the sketch.

    python benchmarks/sketches.py photos/

The sketch is the photo's own edges; the hole is the middle half of the photo's middle 256x256 pixels. A line is followed where the
result has an edge within 2 pixels of it, and an edge is wanted where the sketch has a line as near. Printed are both shares of the
hole's edge pixels and their harmonic mean, of results with the sketch and of results with an empty one, means over the photos.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from absl import app, flags

from gated_inpaint import Inpainter
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.masks import centre
from gated_inpaint.sketch import draw_edges

FLAGS = flags.FLAGS
flags.DEFINE_string("weights", "guided", "Guided weights.")
flags.DEFINE_integer("photos", 20, "How many photos, the first ones.")
flags.DEFINE_string("pictures", None, "Folder for photo, sketch, result without and with the sketch, side by side.")

SIDE, TOLERANCE = 256, 2


def main(argv):
    inpainter = Inpainter(FLAGS.weights)
    hole = centre([0, 0], SIDE, SIDE).numpy()[..., 0] > 0
    figures = []
    for path in sorted(pathlib.Path(argv[1]).iterdir())[: FLAGS.photos]:
        photo = np.ascontiguousarray(middle(read_photo(path).array[..., :3]))
        lines = edges(photo)
        made = [inpainter(photo, hole, sketch) for sketch in (np.zeros_like(lines), lines)]
        figures.append([agreement(edges(picture) & hole, lines & hole) for picture in made])
        if FLAGS.pictures:
            folder = pathlib.Path(FLAGS.pictures)
            folder.mkdir(parents=True, exist_ok=True)
            drawn = np.where((lines & hole)[..., np.newaxis], 255, np.where(hole[..., np.newaxis], 0, photo)).astype(np.uint8)
            write_png(folder / f"{path.stem}.png", np.hstack([photo, drawn, *made]))
    print("| result | lines followed | edges wanted | harmonic mean |\n|---|---|---|---|")
    for name, means in zip(("without the sketch", "with the sketch"), np.nanmean(figures, axis=0)):
        print(f"| {name} | {means[0]:.3f} | {means[1]:.3f} | {means[2]:.3f} |")
    better = sum(with_sketch[2] > without[2] for without, with_sketch in figures)
    print(f"Better with the sketch: {better} of {len(figures)} photos.")


def middle(photo):
    top, left = ((side - SIDE) // 2 for side in photo.shape[:2])
    return photo[top : top + SIDE, left : left + SIDE]


def edges(photo):
    """bool [height, width]: the pixels on a line."""
    return draw_edges(photo[np.newaxis] / np.float32(127.5) - 1).numpy()[0, ..., 0] > 0


def agreement(made, sketch):
    """Share of the sketch's lines that are followed, of the edges that are wanted, and their harmonic mean."""
    followed, wanted = (np.mean(near(one)[other]) if other.any() else np.nan for one, other in ((made, sketch), (sketch, made)))
    return followed, wanted, 2 * followed * wanted / max(followed + wanted, 1e-9)


def near(lines):
    side = 2 * TOLERANCE + 1
    return tf.nn.max_pool2d(lines[np.newaxis, ..., np.newaxis].astype(np.float32), side, 1, "SAME").numpy()[0, ..., 0] > 0


if __name__ == "__main__":
    app.run(main)
