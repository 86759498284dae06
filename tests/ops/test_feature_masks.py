import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA

from gated_inpaint.ops.feature_masks import covered_mask, sampled_mask

FILE = np.load(DATA / "feature_mask.npz")


@pytest.mark.parametrize("case", ["center256", "brush256", "small64", "allones64"])
def test_agrees_with_the_authors_codes(case):
    mask = tf.constant(FILE[f"{case}_image_mask"][np.newaxis, ..., np.newaxis], tf.float32)
    for function, name in ((covered_mask, "feature_mask"), (sampled_mask, "shift_nearest_mask")):
        made = function(mask, 3)
        assert made.dtype == tf.float32
        np.testing.assert_array_equal(made[0, ..., 0], FILE[f"{case}_{name}"])


def test_five_sixteenths_are_known():
    """One halving: a position sees 4x4 pixels."""
    for pixels, expected in ((5, 0), (6, 1)):
        mask = np.zeros([1, 8, 8, 1], np.float32)
        mask[0, 3:7, 3:7].flat[:pixels] = 1
        assert covered_mask(mask, 1)[0, 2, 2, 0] == expected
