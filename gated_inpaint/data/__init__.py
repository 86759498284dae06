"""Photos: from files on disk to an endless, shuffled stream of training examples.

    photos = find_photos("photos/")                                   # Looks at every file once; bad ones are skipped, and named.
    dataset = training_examples(photos, size=256, batch_size=16, seed=1, start=0)

  sources    a folder, a glob, a list file, TFRecords or `tfds:NAME` -> where the bytes of each photo are
  checking   those that can be decoded, and a fingerprint of each
  decoding   bytes -> a square picture of the wanted size
  examples   the order of the stream, random crops and flips, batches

Pictures are RGB in [-1, 1]. Everything random follows from the seed and the example's index in the stream, and everything runs in
TensorFlow operations. `gated-inpaint data write_tfrecords SOURCE TARGET` packs photos into TFRecords.
"""

from gated_inpaint.data.checking import Photos, find_photos
from gated_inpaint.data.examples import training_examples, validation_examples
from gated_inpaint.data.tfrecords import write_tfrecords

__all__ = ["Photos", "find_photos", "training_examples", "validation_examples", "write_tfrecords"]
