"""Which photos of a source can be used: every one is decoded once, before the training begins.

That way bad files are known before a step is made, and the stream of examples is a plain function of the seed and the good photos.
It costs a pass over the photos, in parallel (a thousand a second on two cores, at 288 pixels a side). A record of the result,
a JSON file, saves a later run the pass.

Every good photo leaves a fingerprint of its bytes, edges included. When the stream reads it, the bytes must still be the same:
whatever happens to a file after the check, the error names it.
"""

import dataclasses
import hashlib
import json
import os
import re
from typing import Optional, Union

import numpy as np
import tensorflow as tf
import tqdm
from absl import logging

from gated_inpaint.data.decoding import decode
from gated_inpaint.data.sources import PhotoFiles, PhotoRecords, locate_photos
from gated_inpaint.errors import InputError
from gated_inpaint.types import Path

_NAMED_IN_ERROR = 5


@dataclasses.dataclass(frozen=True)
class Photos:
    """The photos of a source that can be used, as `find_photos` returns them."""

    located: Union[PhotoFiles, PhotoRecords]
    fingerprints: np.ndarray  # int64, one a photo.
    skipped: tuple[str, ...]  # Names of those that cannot be used.
    sketch: bool  # Whether their examples have a sketch.

    def __len__(self):
        return len(self.fingerprints)

    def digest(self):
        """A short text that differs between different photos, or the same in another order: equal ones give equal streams."""
        return hashlib.sha256(self.fingerprints.tobytes()).hexdigest()[:16]


def find_photos(source: Path, sketch: bool = False, max_bad_fraction: float = 0.01, record: Optional[Path] = None) -> Photos:
    """Finds the photos of a source and checks that they can be decoded.

    Those that cannot are skipped, and named in the log with the reason.

    Arguments:
      source: a folder, a glob, a list file, TFRecords or `tfds:NAME`; see the module `sources`.
      sketch: whether examples get a sketch: from the edge file beside the photo, which must be of the photo's size, or drawn from
        the photo where there is none.
      max_bad_fraction: the largest part of the photos that may be skipped.
      record: path of a record of earlier checks, or None. Photos it names are not decoded again; it is written anew if photos
        came or went. Delete it to have all checked again.

    Returns:
      `Photos`.

    Raises:
      InputError: there is no photo, none can be used, or more than `max_bad_fraction` cannot; or the record cannot be used.
    """
    located = locate_photos(source, with_edges=sketch)
    names = located.names()
    recorded = _read_record(record, sketch)
    unknown = np.array([position for position, name in enumerate(names) if name not in recorded], np.int64)
    known = {**recorded, **_check(located.select(unknown))}
    known = {name: known[name] for name in names}
    if record is not None and known.keys() != recorded.keys():
        if recorded:
            added, gone = len(known.keys() - recorded.keys()), len(recorded.keys() - known.keys())
            logging.warning("%s: %d photos came and %d went since they were recorded in %s.", source, added, gone, record)
        _write_record(record, sketch, known)

    skipped = [name for name in names if known[name] is None]
    good = np.array([position for position, name in enumerate(names) if known[name] is not None], np.int64)
    if skipped:
        some = ", ".join(skipped[:_NAMED_IN_ERROR]) + (", ..." if len(skipped) > _NAMED_IN_ERROR else "")
        message = f"{len(skipped)} of {len(names)} photos of {source} cannot be used"
        if not len(good) or len(skipped) > max_bad_fraction * len(names):
            limit = f", more than {max_bad_fraction:.2%} of them" if max_bad_fraction else ""
            raise InputError(f"{message}{limit}: {some}. The reasons are logged above.")
        logging.warning("%s and are skipped: %s.", message, some)
    fingerprints = np.array([known[names[position]] for position in good], np.int64)
    return Photos(located.select(good), fingerprints, tuple(skipped), sketch)


def fingerprint(photo, edge):
    """A number, int64, for the bytes of a photo and its edges."""
    return tf.strings.to_hash_bucket_fast(tf.strings.join([photo, edge]), 2**63 - 1)


def _check(located):
    """{name: fingerprint, or None for a photo that cannot be used}; those are logged."""
    names = located.names()
    if not names:
        return {}
    read, _ = located.reader()

    def examine(position):
        photo, edge = read(position)
        shape = tf.shape(decode(photo))

        def check_edge():
            edge_shape = tf.shape(decode(edge))
            tf.debugging.Assert(tf.reduce_all(edge_shape == shape), ["Photo and edges differ in size:", shape[:2], edge_shape[:2]])
            return shape

        # The shape is returned, too, so that the decoding is not optimised away.
        return position, fingerprint(photo, edge), tf.cond(edge == "", lambda: shape, check_edge)

    results = tf.data.Dataset.range(len(names)).map(examine, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    results = results.ignore_errors().with_options(without_autotune())
    checked = dict.fromkeys(names)
    with tqdm.tqdm(total=len(names), desc="checking photos", unit="photo", disable=None) as progress:
        for position, value, _ in results.as_numpy_iterator():
            checked[names[position]] = int(value)
            progress.update(position + 1 - progress.n)
    for position, name in enumerate(names):
        if checked[name] is None:
            logging.warning("Skipped %s: %s", name, _reason(examine, position))
    return checked


def without_autotune():
    """Options for a pipeline with a thread for each core and a fixed order.

    tf.data's tuning is off: when a pipeline is dropped, it may keep the program waiting for as long as the pipeline ran, up to a
    minute (seen in TensorFlow 2.15 and 2.21), and a training that is told to stop has only seconds.
    """
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    return options


def _reason(examine, position):
    try:
        examine(tf.constant(position, tf.int64))
    except (tf.errors.OpError, ValueError) as error:
        # Without the operation's name, before it or after it.
        return re.sub(r"^\{\{.*?\}\} ?| \[Op:\w+\].*$", "", str(getattr(error, "message", error)).splitlines()[0])
    return "it could not be decoded a moment ago."


def _read_record(path, sketch):
    if path is None or not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        if record["sketch"] != sketch:
            return {}
        return record["fingerprints"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as a record of checked photos: delete it. ({error})") from error


def _write_record(path, sketch, fingerprints):
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            json.dump({"sketch": sketch, "fingerprints": fingerprints}, file, indent=0)
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"Cannot write the record of checked photos {path}: {error.strerror}.") from error
