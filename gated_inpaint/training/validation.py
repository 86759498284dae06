"""Validation: fixed photos with fixed masks, completed by the moving average of the generator."""

import numpy as np
import tensorflow as tf

from gated_inpaint.data import validation_examples
from gated_inpaint.evaluation.metrics import picture_metrics
from gated_inpaint.inference.pictures import attention_picture
from gated_inpaint.masks import mask_function
from gated_inpaint.training.batches import add_masks

SHOWN = 8  # Pictures in a grid.
_MASK_SEED = 20180610  # The masks of every validation of every run of a kind are the same.


class Validation:
    """Arguments: photos as `data.find_photos` returns them, the run's options, and the generator to validate."""

    def __init__(self, photos, options, generator):
        self.batches = validation_examples(photos, options.size, min(options.batch_size, len(photos)), options.fit)
        self.masks = mask_function(options.validation_masks)
        self.size = options.size
        self._complete = tf.function(generator.__call__, autograph=False)

    def run(self):
        """Completes all photos.

        Returns:
          {metric: mean over the photos}, and a grid of the first photos: uint8 [1, rows, columns, 3], one row a photo, its columns
          the photo, the photo without its hole, the coarse and the completed picture, and where the attention looked.
        """
        sums, count, rows = {}, 0, []
        for example in self.batches:
            batch = add_masks(example, self.masks, _MASK_SEED, self.size)
            sketch = [] if batch.sketch is None else [batch.sketch * batch.mask]
            completion = self._complete(batch.image, batch.mask, *sketch)
            for name, values in picture_metrics(batch.image, completion.complete, batch.mask).items():
                sums[name] = sums.get(name, 0.0) + float(tf.reduce_sum(values))
            count += len(batch.image)
            rows += [_row(batch, completion, index) for index in range(min(len(batch.image), SHOWN - len(rows)))]
        return {name: total / count for name, total in sums.items()}, np.concatenate(rows, axis=0)[np.newaxis]


def _row(batch, completion, index):
    mask = batch.mask[index]
    known = batch.image[index] * (1.0 - mask) + mask
    if batch.sketch is not None:
        known -= 2.0 * batch.sketch[index] * mask  # Lines in black on the white hole.
    pictures = [batch.image[index], known, completion.coarse[index], completion.complete[index]]
    levels = [tf.cast(tf.clip_by_value(tf.round((picture + 1.0) * 127.5), 0, 255), tf.uint8).numpy() for picture in pictures]
    return np.concatenate(levels + [attention_picture(completion.offsets[index].numpy(), *mask.shape[:2])], axis=1)
