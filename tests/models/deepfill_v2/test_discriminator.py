import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA

from gated_inpaint import Discriminator
from gated_inpaint.losses.adversarial import hinge_discriminator_loss
from gated_inpaint.types import Inputs
from gated_inpaint.weights import assign_arrays, load_network, read_weights


@pytest.fixture
def step():
    """The reference training step: its discriminator, real and completed pictures [2, 64, 64, 3], masks, and the file."""
    file = np.load(DATA / "training_step/train.npz")
    image = file["image"][..., ::-1] / np.float32(127.5) - 1
    mask = np.repeat(file["mask"], len(image), axis=0).astype(np.float32)
    discriminator = Discriminator(8)
    assign_arrays(discriminator.named_variables(), read_weights(DATA / "training_step").arrays, "training_step")
    return discriminator, image, load_network(DATA / "training_step")(Inputs(image, mask)).composite, mask, file


def loss(discriminator, real, fake, mask):
    scores = discriminator(Inputs(tf.concat([real, fake], axis=0), tf.concat([mask, mask], axis=0)), training=True)
    return hinge_discriminator_loss(*tf.split(scores, 2))


def test_loss_agrees_with_the_release(step):
    discriminator, real, fake, mask, file = step
    np.testing.assert_allclose(loss(discriminator, real, fake, mask), file["d_loss"], atol=1e-5)


def test_one_pass_from_random_vectors_agrees_with_the_release(step):
    discriminator, real, fake, mask, file = step
    vectors = {name: variable for name, variable in discriminator.named_variables().items() if name.endswith("/u")}
    for name, variable in vectors.items():
        variable.assign(file[f"u_random/{name}"])
    np.testing.assert_allclose(loss(discriminator, real, fake, mask), file["d_loss_u_random"], atol=1e-5)
    for name, variable in vectors.items():
        np.testing.assert_allclose(variable, file[f"u_random_after/{name}"], atol=1e-5, err_msg=name)


def test_shapes_and_variables_as_released():
    discriminator = Discriminator(sketch=True)
    inputs = Inputs(*(tf.zeros([1, 256, 192, channels]) for channels in (3, 1, 1)))
    assert discriminator(inputs).shape == (1, 4, 3, 256)
    assert len(discriminator.trainable_variables) == 12 and len(discriminator.named_variables()) == 18
    with pytest.raises(ValueError, match="takes a sketch, and none was given"):
        discriminator(Inputs(tf.zeros([1, 64, 64, 3]), tf.zeros([1, 64, 64, 1])))


def test_bfloat16_gives_float32_scores():
    discriminator = Discriminator(8, dtype="mixed_bfloat16")
    assert discriminator(Inputs(tf.zeros([1, 64, 64, 3]), tf.zeros([1, 64, 64, 1]))).dtype == tf.float32
