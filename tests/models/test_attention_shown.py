"""Where Shift-Net and CSA copied from, as `--save_stages` shows it, of networks made to ask for one known place."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.commands.main import run
from gated_inpaint.inference.pictures import attention_picture
from gated_inpaint.models import csa, shift_net
from gated_inpaint.weights import weights_of, write_weights

SIDE, CELL = 64, 8
SOUGHT = (1, 6)  # Row and column of features: what all of the hole is to be copied from.


def photo_and_mask():
    """Cells of 8x8 pixels of random colours; a hole whose features are those whose last pixel is in it."""
    levels = np.random.default_rng(0).integers(0, 256, (CELL, CELL, 3), np.uint8)
    mask = np.zeros([SIDE, SIDE], np.uint8)
    mask[18:48, 18:48] = 255
    return np.kron(levels, np.ones([CELL, CELL, 1], np.uint8)), mask


def in_unit(photo):
    return tf.constant(photo[np.newaxis] / 127.5 - 1.0, tf.float32)


def shift_net_asking(photo, mask):
    """Its decoder has one vector everywhere: what the encoder has at the place."""
    network = shift_net.MODEL.network(2, 6, region="random")
    known = tf.constant(mask[np.newaxis, ..., np.newaxis] == 0, tf.float32)
    features = network.unet.encode(tf.concat([in_unit(photo) * known, known], axis=-1), 3)[-1]
    norm = network.unet.up_norms["4"]
    norm.gamma.assign(tf.zeros_like(norm.gamma))
    norm.beta.assign(tf.nn.relu(features[0, SOUGHT[0], SOUGHT[1]]))
    return network


def csa_asking(photo, mask):
    """Its rough picture has the place's colour everywhere, and the attention's features are of one pixel each."""
    network = csa.MODEL.network(2, 6)
    last, colour = network.rough.ups[0], in_unit(photo)[0, CELL * SOUGHT[0], CELL * SOUGHT[1]]
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign(tf.atanh(tf.clip_by_value(colour, -1 + 1e-6, 1 - 1e-6)))
    for level, place, tap in (
        (1, "down_conv", 1),
        *((level, *one) for level in (2, 3, 4) for one in (("down_dilated", 2), ("down_conv", 1))),
    ):
        kernel = getattr(network.refinement, f"level{level}_{place}").kernel
        values = np.zeros(kernel.shape, np.float32)
        values[tap, tap, : 3 if level == 1 else None] = kernel[tap, tap, : 3 if level == 1 else None]
        kernel.assign(values)
    return network


@pytest.mark.parametrize("package, network_asking", [(shift_net, shift_net_asking), (csa, csa_asking)])
def test_attention_shows_the_way_to_the_place_that_was_asked_for(package, network_asking, tmp_path):
    keras.utils.set_random_seed(0)
    photo, mask = photo_and_mask()
    network = network_asking(photo, mask)
    write_weights(tmp_path / "weights.npz", weights_of(package.MODEL, network))
    cv2.imwrite(str(tmp_path / "photo.png"), photo[..., ::-1])
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    flags = {"image": "photo.png", "mask": "mask.png", "weights": "weights.npz", "output": "output.png", "save_stages": "stages"}
    assert run("complete", [f"--{name}={tmp_path / path}" for name, path in flags.items()], "complete") == 0

    hole = mask[CELL - 1 :: CELL, CELL - 1 :: CELL] > 0
    np.testing.assert_array_equal(
        network.hole_of_features(tf.constant(mask[np.newaxis, ..., np.newaxis] > 0, tf.float32))[0, ..., 0], hole
    )
    expected = (SOUGHT - np.stack(np.indices(hole.shape), axis=-1)) * hole[..., np.newaxis]
    (path,) = (tmp_path / "stages").glob("*attention.png")
    shown = cv2.imread(str(path))[..., ::-1]
    np.testing.assert_array_equal(shown, attention_picture(expected, SIDE, SIDE))
    assert len(np.unique(shown[np.kron(hole, np.ones([CELL, CELL])) > 0], axis=0)) == hole.sum()
