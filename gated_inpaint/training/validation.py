"""Validation: fixed photos with fixed masks, completed by the network that inference would use."""

import numpy as np
import tensorflow as tf

from gated_inpaint.data import validation_examples
from gated_inpaint.inference.pictures import attention_picture
from gated_inpaint.masks import mask_function
from gated_inpaint.metrics import picture_metrics
from gated_inpaint.ops.levels import to_levels
from gated_inpaint.training.batches import add_masks

SHOWN = 8  # Pictures in a grid.
_MASK_SEED = 20180610  # The masks of every validation of every run of a kind are the same.


class Validation:
    """Arguments: photos as `data.find_photos` returns them, the run's options, and the network to validate."""

    def __init__(self, photos, options, network):
        self.batches = validation_examples(photos, options.size, min(options.batch_size, len(photos)), options.fit)
        self.masks = mask_function(options.validation_masks)
        self.size = options.size
        self._complete = tf.function(network.inpaint, autograph=False)

    def run(self):
        """Completes all photos.

        Returns:
          {metric: mean over the photos}, and a grid of the first photos: uint8 [1, rows, columns, 3], one row a photo, its columns
          the photo, the photo without its hole, its stages, the completed picture, and where the attention looked if it did.
        """
        sums, count, rows = {}, 0, []
        for example in self.batches:
            inputs = add_masks(example, self.masks, _MASK_SEED, self.size).inputs
            completion = self._complete(inputs)
            for name, values in picture_metrics(inputs.image, completion.composite, inputs.mask).items():
                sums[name] = sums.get(name, 0.0) + float(tf.reduce_sum(values))
            count += len(inputs.image)
            rows += [_row(inputs, completion, index) for index in range(min(len(inputs.image), SHOWN - len(rows)))]
        return {name: total / count for name, total in sums.items()}, np.concatenate(rows, axis=0)[np.newaxis]


def _row(inputs, completion, index):
    image, mask, sketch = (None if tensor is None else tensor[index] for tensor in inputs)
    known = image * (1.0 - mask) + mask
    if sketch is not None:
        known -= 2.0 * sketch * mask  # Lines in black on the white hole.
    stages = list(completion.stages.values())[:-1]  # The last one is the output, seen in the composite.
    pictures = [image, known, *(stage[index] for stage in stages), completion.composite[index]]
    row = [to_levels(picture).numpy() for picture in pictures]
    if completion.offsets is not None:
        row.append(attention_picture(completion.offsets[index].numpy(), *mask.shape[:2]))
    return np.concatenate(row, axis=1)
