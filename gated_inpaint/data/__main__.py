"""Packs photos, and the edge files beside them, into TFRecord files for training.

python -m gated_inpaint.data write_tfrecords SOURCE TARGET
"""

import sys

from absl import app
from absl.flags import argparse_flags

from gated_inpaint.data import find_photos, write_tfrecords
from gated_inpaint.data.tfrecords import DEFAULT_PHOTOS_PER_FILE
from gated_inpaint.errors import InputError


def parse(argv):
    parser = argparse_flags.ArgumentParser(prog="python -m gated_inpaint.data", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write_tfrecords", help="check photos and write the good ones to TFRecord files")
    write.add_argument("source", help="a folder, a glob in quotes, a list file (.flist, .txt) or tfds:NAME")
    write.add_argument("target", help="the folder to write to; made if need be")
    write.add_argument("--photos_per_file", type=int, default=DEFAULT_PHOTOS_PER_FILE, help="default: %(default)s")
    write.add_argument(
        "--max_bad_fraction", type=float, default=0.01, help="give up if more than this part is damaged; default: %(default)s"
    )
    return parser.parse_args(argv[1:])


def main(arguments):
    try:
        photos = find_photos(arguments.source, sketch=True, max_bad_fraction=arguments.max_bad_fraction)
        paths = write_tfrecords(photos, arguments.target, arguments.photos_per_file)
    except InputError as error:
        print(f"gated_inpaint.data: error: {error}", file=sys.stderr)
        return 1
    skipped = f", {len(photos.skipped)} skipped" if photos.skipped else ""
    print(f"Wrote {arguments.target}: {len(photos)} photos in {len(paths)} files{skipped}.")
    return 0


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
