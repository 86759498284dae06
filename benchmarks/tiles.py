"""How far tiles are from the photo as a whole, and both from the truth, where both can be computed: crops of 1024, strokes of 10%.

    python benchmarks/tiles.py --crops=2 photo1.jpg photo2.jpg ...

Crops are drawn from a seed; of each photo one is taken before a second one. Differences are means over the hole's pixels and
channels, in levels of 256.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from absl import app, flags
from drawn_holes import psnr

from gated_inpaint import Inpainter
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.masks import strokes

FLAGS = flags.FLAGS
flags.DEFINE_integer("size", 1024, "Height and width of the crops.")
flags.DEFINE_integer("crops", 1, "Crops of each photo.")
flags.DEFINE_float("share", 0.1, "Of strokes, about.")
flags.DEFINE_string("weights", None, "What test_main.py takes; none: those bundled.")
flags.DEFINE_string("pictures", None, "Folder for the completed pictures.")

SEEDS = 60  # Masks, of which those nearest to the share are taken.


def main(argv):
    ways = {way: Inpainter(FLAGS.weights, hd_strategy=way) for way in ("original", "tiles")}
    holes = nearest_strokes(FLAGS.crops * len(argv[1:]))
    print("| crop | hole | tiles - original | original - truth | tiles - truth | original dB | tiles dB |\n" + "|---" * 7 + "|")
    rows = []
    for round in range(FLAGS.crops):
        for number, path in enumerate(map(pathlib.Path, argv[1:])):
            photo, rng = read_photo(path).array[..., :3], np.random.default_rng([round, number])
            top, left = (int(rng.integers(side - FLAGS.size + 1)) for side in photo.shape[:2])
            truth = np.ascontiguousarray(photo[top : top + FLAGS.size, left : left + FLAGS.size])
            hole = holes[len(rows)]
            given = np.where(hole[..., np.newaxis], 0, truth).astype(np.uint8)
            made = {way: inpainter(given, hole) for way, inpainter in ways.items()}
            pairs = (made["tiles"], made["original"]), (made["original"], truth), (made["tiles"], truth)
            rows.append(
                [100 * hole.mean()]
                + [np.abs(one.astype(float) - other)[hole].mean() for one, other in pairs]
                + [psnr(picture, truth, hole) for picture in made.values()]
            )
            print(row(f"{path.stem} {left},{top}", rows[-1]), flush=True)
            if FLAGS.pictures:
                folder = pathlib.Path(FLAGS.pictures)
                folder.mkdir(parents=True, exist_ok=True)
                for way, picture in {"given": given, **made}.items():
                    write_png(folder / f"{len(rows)}_{way}.png", picture)
    print(row(f"mean of {len(rows)}", np.mean(rows, axis=0)))


def nearest_strokes(number):
    """bool [size, size] each, strokes of about the share."""
    masks = [strokes(tf.constant([seed, 0]), FLAGS.size, FLAGS.size).numpy()[..., 0] > 0 for seed in range(SEEDS)]
    return sorted(masks, key=lambda mask: abs(mask.mean() - FLAGS.share))[:number]


def row(name, figures):
    return f"| {name} | {figures[0]:.1f}% | " + " | ".join(f"{figure:.2f}" for figure in figures[1:]) + " |"


if __name__ == "__main__":
    app.run(main)
