"""Packs photos, and the edge files beside them, into TFRecord files for training.

    gated-inpaint data write_tfrecords photos/ records/

SOURCE is a folder, a glob in quotes, a list file (.flist, .txt) or tfds:NAME; photos that cannot be used are named and left out.
TARGET is a folder, made if need be.
"""

from absl import flags

from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("write_tfrecords", "SOURCE", "TARGET")


def define_flags(values, argv):
    flags.DEFINE_integer("photos_per_file", 4096, "The most photos that a file holds.", flag_values=values)
    flags.DEFINE_float("max_bad_fraction", 0.01, "Give up if more than this part of the photos is damaged.", flag_values=values)


def run(values, _, source, target):
    with tensorflow_quiet():
        from gated_inpaint.data import find_photos, write_tfrecords
    photos = find_photos(source, sketch=True, max_bad_fraction=values.max_bad_fraction)
    paths = write_tfrecords(photos, target, values.photos_per_file)
    skipped = f", {len(photos.skipped)} skipped" if photos.skipped else ""
    print(f"Wrote {target}: {len(photos)} photos in {len(paths)} files{skipped}.")
