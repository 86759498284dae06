"""Packs photos into TFRecord files, which a network disk serves better than a million small files.

Each record is a tf.train.Example: `image`, the photo's file as it is; `name`, its path in the source; and `edge`, the edge file
beside it, if there is one.
"""

import os
import pathlib

import tensorflow as tf
import tqdm

from gated_inpaint.data.checking import without_autotune
from gated_inpaint.errors import InputError

DEFAULT_PHOTOS_PER_FILE = 4096


def write_tfrecords(photos, folder, photos_per_file=DEFAULT_PHOTOS_PER_FILE):
    """Writes photos to photos-00000-of-00007.tfrecord and so on; `find_photos(folder)` then finds the same, in the same order.

    Arguments:
      photos: what `find_photos` returned; with `sketch=True`, edge files are written, too.
      folder: made if it does not exist; must not hold TFRecord files yet.
      photos_per_file: the most photos a file may hold.

    Returns:
      The paths of the files. Each gets its name when it is complete.

    Raises:
      InputError: the folder holds TFRecord files, or cannot be written.
    """
    folder = pathlib.Path(folder)
    if photos_per_file < 1:
        raise InputError(f"A TFRecord file holds at least one photo, not {photos_per_file}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {folder}: {error.strerror}.") from error
    if any(folder.glob("*.tfrecord*")):
        raise InputError(f"The folder {folder} holds TFRecord files already: name another, or delete them.")

    names = photos.located.names()
    count = -(-len(names) // photos_per_file)
    paths = [folder / f"photos-{number:05d}-of-{count:05d}.tfrecord" for number in range(count)]
    read, _ = photos.located.reader()
    contents = tf.data.Dataset.range(len(names)).map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    contents = contents.prefetch(16).with_options(without_autotune()).as_numpy_iterator()
    with tqdm.tqdm(total=len(names), desc="writing photos", unit="photo", disable=None) as progress:
        for number, path in enumerate(paths):
            unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                with tf.io.TFRecordWriter(os.fspath(unfinished)) as writer:
                    for name in names[number * photos_per_file : (number + 1) * photos_per_file]:
                        writer.write(_serialize(name, *next(contents)))
                        progress.update()
                os.replace(unfinished, path)
            except (OSError, tf.errors.OpError) as error:
                raise InputError(f"Cannot write {path}: {error}") from error
            finally:
                unfinished.unlink(missing_ok=True)
    return paths


def _serialize(name, photo, edge):
    features = {"image": photo, "name": os.fsencode(name), **({"edge": edge} if edge else {})}
    return tf.train.Example(
        features=tf.train.Features(
            feature={key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for key, value in features.items()}
        )
    ).SerializeToString()
