"""From what a person names as the source of photos to where the bytes of each one are. Nothing is decoded here.

A source is

  a folder         every .jpg, .jpeg, .png and .bmp in it and below it, sorted by path; or every TFRecord file
  a glob           the same among what it matches; ** goes through folders
  a list file      .flist or .txt, one path a line, in that order; relative to the list's folder, or else to the working directory
  a file           one photo, or one TFRecord file
  tfds:NAME        a dataset of TensorFlow Datasets that was prepared on this machine; its split "train", or tfds:NAME@SPLIT

The edges of a photo NAME.* are in the file NAME_edge.* beside it; a file named so is never taken for a photo. Hidden files are
left out.

A TFRecord file (`.tfrecord`, `.tfrecord-00000-of-00010`; not compressed) holds tf.train.Examples with the encoded picture as
`image` and, if there is one, the encoded edges as `edge`. Its index is made when it is found, from the records' lengths alone; so
any record can be read at any time, and photos in TFRecords are shuffled as those in files are.
"""

import collections
import dataclasses
import glob
import os
import re

import numpy as np
import tensorflow as tf
from absl import logging

from gated_inpaint.errors import InputError

PHOTO_EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".png")
EDGE_ENDING = "_edge"

_LIST_EXTENSIONS = (".flist", ".txt")
_TFRECORD_NAME = re.compile(r"\.tfrecords?(-\d+-of-\d+)?$")
_TFRECORD_FEATURES = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "edge": tf.io.FixedLenFeature([], tf.string, default_value=""),
}


@dataclasses.dataclass(frozen=True)
class PhotoFiles:
    """Photos that are files of their own."""

    paths: np.ndarray  # Of str.
    edges: np.ndarray  # Of str: paths of the edge files, empty where there is none.

    def names(self):
        return list(self.paths)

    def select(self, positions):
        """The photos at an array of positions."""
        return PhotoFiles(self.paths[positions], self.edges[positions])

    def reader(self):
        """Returns two functions of a photo's position (int64 scalar), in TensorFlow operations.

        The first gives the photo and its edges as encoded in the files (string scalars; no edges: empty). The second gives what
        names the photo in an error message: a list of tensors.
        """
        paths = tf.constant([os.fsencode(path) for path in self.paths], tf.string)
        edges = tf.constant([os.fsencode(path) for path in self.edges], tf.string)

        def read(position):
            edge = edges[position]
            return tf.io.read_file(paths[position]), tf.cond(edge == "", lambda: tf.constant(""), lambda: tf.io.read_file(edge))

        def describe(position):
            return [paths[position]]

        return read, describe


@dataclasses.dataclass(frozen=True)
class PhotoRecords:
    """Photos that are records of TFRecord files."""

    files: np.ndarray  # Of str.
    offsets: np.ndarray  # int64: where in the file the record begins.
    lengths: np.ndarray  # int64: of the record with all that frames it.
    with_edges: bool  # Whether to read the edges that are there.

    def names(self):
        return [f"{file}, record at byte {offset}" for file, offset in zip(self.files, self.offsets)]

    def select(self, positions):
        """The photos at an array of positions."""
        return PhotoRecords(self.files[positions], self.offsets[positions], self.lengths[positions], self.with_edges)

    def reader(self):
        """As that of `PhotoFiles`."""
        unique_files, file_numbers = np.unique(self.files, return_inverse=True)
        files = tf.constant([os.fsencode(file) for file in unique_files], tf.string)
        numbers, offsets, lengths = (tf.constant(array, tf.int64) for array in (file_numbers, self.offsets, self.lengths))

        def read(position):
            # tf.data.TFRecordDataset is this operation, without the offsets.
            records = tf.raw_ops.TFRecordDatasetV2(
                filenames=[files[numbers[position]]],
                compression_type="",
                buffer_size=lengths[position],
                byte_offsets=[offsets[position]],
            )
            records = tf.data.experimental.from_variant(records, tf.TensorSpec([], tf.string))
            features = tf.io.parse_single_example(records.take(1).get_single_element(), _TFRECORD_FEATURES)
            return features["image"], features["edge"] if self.with_edges else tf.constant("")

        def describe(position):
            return [files[numbers[position]], "record at byte", offsets[position]]

        return read, describe


def locate_photos(source, with_edges=False):
    """Finds the photos of a source (see the module) as a `PhotoFiles` or `PhotoRecords`; with or without the edges beside them.

    Raises:
      InputError: there is no such source, it holds no photo, or both photos and TFRecords, or a TFRecord file is cut short.
    """
    source = os.fspath(source)
    if source.startswith("tfds:"):
        return _locate_records(_prepared_files(source), with_edges)
    if os.path.isfile(source) and source.lower().endswith(_LIST_EXTENSIONS):
        photos, records = _listed_files(source), []
    else:
        files = _folder_files(source) if os.path.isdir(source) else _matching_files(source)
        photos = [path for path in files if path.lower().endswith(PHOTO_EXTENSIONS)]
        records = [path for path in files if _TFRECORD_NAME.search(path)]
        _report_left_out(source, set(files).difference(photos, records))
    photos = [path for path in photos if not _stem(path).endswith(EDGE_ENDING)]
    if photos and records:
        raise InputError(f"{source} holds {len(photos)} photos and {len(records)} TFRecord files: name one kind, by a glob.")
    if records:
        return _locate_records(records, with_edges)
    if not photos:
        raise InputError(f"{source} holds no photos ({', '.join(PHOTO_EXTENSIONS)}) and no TFRecord files (.tfrecord).")
    return PhotoFiles(np.array(photos, object), np.array(_edges_beside(photos) if with_edges else [""] * len(photos), object))


def _folder_files(folder):
    files = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    return sorted(files)


def _matching_files(pattern):
    matches = [pattern] if os.path.isfile(pattern) else glob.glob(pattern, recursive=True)
    files = sorted(path for path in matches if os.path.isfile(path))
    if not files:
        raise InputError(f"There are no photos {pattern}: no such folder, no such file, and nothing matches it as a glob.")
    return files


def _listed_files(list_file):
    folder = os.path.dirname(list_file)
    try:
        with open(list_file, encoding="utf-8-sig", errors="surrogateescape") as lines:
            paths = [line.strip() for line in lines if line.strip()]
    except OSError as error:
        raise InputError(f"Cannot read the list {list_file}: {error.strerror}.") from error
    beside_list = [os.path.join(folder, path) for path in paths]
    return [path if os.path.exists(path) and not os.path.exists(beside) else beside for path, beside in zip(paths, beside_list)]


def _edges_beside(photos):
    edges = {}
    for folder in sorted({os.path.dirname(path) for path in photos}):
        names = sorted(os.listdir(folder or ".")) if os.path.isdir(folder or ".") else []
        for name in names:
            if name.lower().endswith(PHOTO_EXTENSIONS) and _stem(name).endswith(EDGE_ENDING):
                edges.setdefault(os.path.join(folder, _stem(name)), os.path.join(folder, name))
    return [edges.get(os.path.splitext(path)[0] + EDGE_ENDING, "") for path in photos]


def _stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def _report_left_out(source, files):
    kinds = collections.Counter(os.path.splitext(path)[1].lower() or "no extension" for path in files)
    if kinds:
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        logging.info("%s: left out, for their kind is not read: %s.", source, found)


def _locate_records(files, with_edges):
    located = [(file, offset, length) for file in files for offset, length in _record_spans(file)]
    if not located:
        raise InputError(f"The TFRecord files hold no records: {files[0]}{' and others' if len(files) > 1 else ''}.")
    names, offsets, lengths = zip(*located)
    return PhotoRecords(np.array(names, object), np.array(offsets, np.int64), np.array(lengths, np.int64), with_edges)


def _record_spans(path):
    """(offset, length) of each record. One is its payload's length in 8 bytes, a checksum in 4, the payload, a checksum in 4."""
    spans, offset = [], 0
    try:
        with open(path, "rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            while offset < size:
                file.seek(offset)
                length = int.from_bytes(file.read(8), "little") + 16
                if offset + length > size:
                    raise InputError(f"The TFRecord file {path} is cut short, damaged or compressed (record {len(spans)}).")
                spans.append((offset, length))
                offset += length
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    return spans


def _prepared_files(source):
    """The TFRecord files of a dataset of TensorFlow Datasets that is on this machine; nothing is downloaded or prepared."""
    try:
        import tensorflow_datasets
    except ImportError as error:
        raise InputError(f"{source} needs TensorFlow Datasets: pip install tensorflow-datasets.") from error
    name, _, split = source[len("tfds:") :].partition("@")
    split = split or "train"
    try:
        builder = tensorflow_datasets.builder(name)
    except Exception as error:  # What it raises for an unknown name differs from release to release.
        raise InputError(f"{source}: {str(error).splitlines()[0]}") from error
    if not os.path.isdir(builder.data_dir):
        raise InputError(f"{source} is not on this machine ({builder.data_dir}): prepare it with `tfds build {name}`.")
    if split not in builder.info.splits:
        raise InputError(f"{source}: there is no split {split}, only {', '.join(builder.info.splits)}.")
    if "image" not in builder.info.features:
        raise InputError(f"{source} has no feature `image`, only {', '.join(builder.info.features)}.")
    files = [os.fspath(path) for path in builder.info.splits[split].filepaths]
    if not all(_TFRECORD_NAME.search(path) for path in files):
        raise InputError(
            f"{source} is not stored as TFRecords ({files[0]}): prepare it with `tfds build {name} --file_format=tfrecord`."
        )
    return files
