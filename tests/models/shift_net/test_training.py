"""Shift-Net's losses and gradients against the reference data, and its steps."""

import numpy as np
import pytest
import tensorflow as tf
from shift_net_reference import FILE, PTH, maps, reference_inputs
from tensorflow import keras

from gated_inpaint import InputError, masks
from gated_inpaint.features.vgg import BLOCKS, VGG
from gated_inpaint.losses.reconstruction import spatial_discounts
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.models.shift_net import MODEL, Options, Trainer, training
from gated_inpaint.types import Batch, Inputs
from gated_inpaint.weights import load_network

PLACES = {
    "e1": "net_G/model.model.0/kernel",
    "e3": "net_G/model.model.1.model.3.model.1/kernel",
    "d4": "net_G/model.model.1.model.3.model.3.model.5/kernel",
}


class Recorder:
    """In an optimiser's place: remembers the gradients of a step and changes nothing."""

    def build(self, variables):
        pass

    def apply_gradients(self, gradients_and_variables):
        self.gradients = {id(variable): gradient for gradient, variable in gradients_and_variables}


def reference_trainer(*optimizers, **options):
    keras.utils.set_random_seed(0)
    given = {"size": 64, "masks": "islands", **options}
    optimizers = optimizers or (Recorder(), Recorder())
    return Trainer(load_network(PTH), PatchDiscriminator(4), *optimizers, Options(**given))


def gradients_of(trainer):
    """A step's losses, and the gradients of the generator by the reference data's names, in its layout."""
    losses = trainer.step((Batch(reference_inputs()),), "all")
    variables = trainer.generator.named_variables()
    found = {key: trainer.generator_optimizer.gradients[id(variables[name])] for key, name in PLACES.items()}
    return losses, {key: tf.transpose(gradient, [3, 2, 0, 1]) for key, gradient in found.items()}


def test_losses_and_gradients_agree_with_the_reference():
    losses, gradients = gradients_of(reference_trainer(adversarial_weight=0.0, guidance_weight=0.0))
    np.testing.assert_allclose(losses["l1"], FILE["loss_L1"], atol=1e-5)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(gradient, FILE[f"grad_S_{key}_conv_w_L1x100_only"], atol=1e-4, err_msg=key)


def test_the_released_guidance_agrees_with_the_reference_and_ours_keeps_to_the_hole():
    released = reference_trainer(adversarial_weight=0.0, guidance_everywhere=True)
    losses, gradients = gradients_of(released)
    np.testing.assert_allclose(losses["guidance"], FILE["guidance_loss_code"], atol=1e-5)
    ours, our_gradients = gradients_of(reference_trainer(adversarial_weight=0.0))
    assert ours["guidance"] < 0.9 * losses["guidance"]
    for key, gradient in gradients.items():
        expected = FILE[f"grad_S_{key}_conv_w_L1x100_plus_guidance"]
        np.testing.assert_allclose(gradient, expected, atol=1e-4, err_msg=key)
        assert np.abs(our_gradients[key] - expected).max() > 2e-4

    # Where the gradient goes: with ours, to the hole's features alone, and none to the target.
    mask = tf.constant(reference_inputs().mask)
    hole = released.generator.hole_of_features(mask).numpy() > 0
    decoder, target = tf.constant(maps("S_shift_in")[..., :16]), tf.constant(maps("guidance_target"))
    for trainer, everywhere in ((released, True), (reference_trainer(), False)):
        with tf.GradientTape() as tape:
            tape.watch([decoder, target])
            loss = trainer.guidance_loss(decoder, target, mask)
        of_decoder, of_target = tape.gradient(loss, [decoder, target])
        assert of_target is None and np.any(np.where(hole, of_decoder, 0))
        assert np.any(np.where(hole, 0, of_decoder)) == everywhere
    expected = np.mean(np.square(np.where(hole, decoder - target, 0)))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_discounts_are_those_of_the_authors_code():
    np.testing.assert_allclose(spatial_discounts(24, 24, 0.9)[..., 0], FILE["discount_mask"][0, 0], atol=1e-6)


def box_batch():
    mask, box = masks.inner_box(tf.constant([[3, 5]]), 64, 64)
    return Batch(Inputs(tf.constant(maps("image")), mask), box)


def test_where_the_hole_is_a_box_it_is_all_that_the_discriminator_sees():
    trainer, batch = reference_trainer(masks="inner_box", discounted_weight=400.0), box_batch()
    (top, left), _ = batch.box[0].numpy()
    part = trainer.scored_part(batch.inputs.image, batch)
    np.testing.assert_array_equal(part, maps("image")[:, top : top + 24, left : left + 24])
    losses = trainer.step((batch,), "all")
    output = trainer.generator(batch.inputs).output[:, top : top + 24, left : left + 24]
    difference = np.abs(output - part) * FILE["discount_mask"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(losses["discounted"], difference.mean(), rtol=1e-4)
    total = 100 * losses["l1"] + losses["guidance"] + 0.2 * losses["adversarial"] + 400 * losses["discounted"]
    np.testing.assert_allclose(losses["generator"], total, rtol=1e-5)
    assert reference_trainer(masks="islands").scored_part(batch.inputs.image, batch).shape == (1, 64, 64, 3)


def test_the_discriminator_steps_first_and_the_generator_goes_by_the_new_one():
    """With plain gradient descent: the adversarial loss is that of the stepped discriminator."""
    batch = Batch(reference_inputs())
    trainer, apart, third = (reference_trainer(make_optimizer("SGD", 0.0), make_optimizer("SGD", 0.5)) for _ in range(3))
    losses = trainer.step((batch,), "all")
    real, completed = batch.inputs.image, apart.generator(batch.inputs).output
    before = float(training.binary_cross_entropy(apart.discriminator(completed), 1))
    loss = apart.train_discriminator(real, completed)
    np.testing.assert_allclose(losses["discriminator"], loss, rtol=1e-5)
    of_real, of_completed = (tf.sigmoid(third.discriminator(pictures, training=True)) for pictures in (real, completed))
    np.testing.assert_allclose(loss, -(np.mean(np.log(of_real)) + np.mean(np.log(1 - of_completed))) / 2, rtol=1e-4)
    after = float(training.binary_cross_entropy(apart.discriminator(completed, training=True), 1))
    np.testing.assert_allclose(losses["adversarial"], after, rtol=1e-4)
    assert abs(after - before) > 1e-3
    for stepped, expected in zip(trainer.discriminator.variables, apart.discriminator.variables):
        np.testing.assert_allclose(stepped, expected, atol=1e-5)


def test_losses_fall_and_the_papers_rates():
    keras.utils.set_random_seed(0)
    trainer = training.build(Options(size=64, width=4, discriminator_width=4), "float32")
    assert all(np.isclose(float(o.learning_rate), 2e-4) for o in trainer.optimizers.values())
    assert {(o.beta_1, o.beta_2, o.epsilon) for o in trainer.optimizers.values()} == {(0.5, 0.999, 1e-8)}
    smooth = tf.image.resize(tf.random.stateless_uniform([2, 2, 2, 3], [0, 0], -1, 1), [64, 64])
    mask, box = masks.inner_centre(tf.constant([[0, 0], [0, 1]]), 64, 64)
    step = tf.function(trainer.step, autograph=False)
    losses = [step((Batch(Inputs(smooth, mask), box),), "all") for _ in range(25)]
    for name in ("l1", "guidance", "discriminator"):
        assert losses[-1][name] < 0.95 * losses[0][name], name


def test_without_adversarial_loss_the_discriminator_rests():
    trainer = reference_trainer(make_optimizer("SGD", 0.1), make_optimizer("SGD", 0.1), adversarial_weight=0.0)
    before = [variable.numpy() for variable in trainer.discriminator.variables]
    losses = trainer.step((Batch(reference_inputs()),), "all")
    assert losses["discriminator"] == losses["adversarial"] == 0
    for variable, value in zip(trainer.discriminator.variables, before):
        np.testing.assert_array_equal(variable, value)


def test_replicas_add_up_to_one_device(two_replicas):
    """A picture on each of two devices: the losses of both together."""
    image = np.concatenate([maps("image"), maps("image")[:, ::-1]], axis=0)
    mask = np.zeros([2, 64, 64, 1], np.float32)
    mask[0, 8:40, 16:48], mask[1, 40:56, 3:19] = 1, 1
    inputs = Inputs(tf.constant(image), tf.constant(mask))
    expected = reference_trainer().step((Batch(inputs),), "all")
    with two_replicas.scope():
        trainer = reference_trainer()

    def on_replica():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        return trainer.step((Batch(Inputs(*(tf.gather(one, [index]) for one in inputs[:2]))),), "all")

    made = two_replicas.run(on_replica)
    for name, value in expected.items():
        np.testing.assert_allclose(two_replicas.reduce("SUM", made[name], axis=None), value, rtol=1e-3, err_msg=name)


@pytest.mark.parametrize("kind", ["strokes", "rectangle_in_box"])
def test_other_masks_train_too(kind):
    trainer = training.build(Options(size=64, width=2, discriminator_width=2, masks=kind), "float32")
    made = masks.mask_function(kind)(tf.constant([[0, 0]]), 64, 64)
    mask, box = made if isinstance(made, tuple) else (made, None)
    losses = trainer.step((Batch(Inputs(tf.constant(maps("image")), mask), box),), "all")
    assert all(np.isfinite(value) for value in losses.values()) and losses["discriminator"] > 0
    assert trainer.generator.region == "random"


def small_vgg16(training):
    """VGG-16 to pool3, 4 channels wide, with random weights."""
    random, convolutions = np.random.default_rng(0), {}
    for block, count in enumerate(BLOCKS["VGG-16"][:3], start=1):
        for number in range(1, count + 1):
            inputs = 3 if not convolutions else 4
            convolutions[f"conv{block}_{number}"] = random.normal(0, 0.4, (3, 3, inputs, 4)), random.normal(0, 0.1, 4)
    return VGG("VGG-16", convolutions, training)


@pytest.mark.parametrize("training", ["torchvision", "keras"])
def test_content_and_style_are_squared_differences_of_what_the_discriminator_sees(training, data):
    """Of torchvision's maps of pictures as they are, of Keras' in its own preparation; the weights are the authors'."""
    inputs, network = reference_inputs(), small_vgg16(training)
    trainer = reference_trainer(adversarial_weight=0.0, guidance_weight=0.0, masks="inner_centre")
    box = tf.constant([[[10, 12], [34, 36]]])
    before = trainer.step((Batch(inputs, box),), "all")
    trainer.content_network = network
    losses = trainer.step((Batch(inputs, box),), "all")
    completed = trainer.generator.complete(inputs)[0].output
    content, style = 0.0, 0.0
    crops = [pictures[:, 10:34, 12:36] for pictures in (inputs.image, completed)]
    if training == "keras":
        crops = [network.prepared(crop) for crop in crops]
    for name in ("pool1", "pool2", "pool3"):
        real, made = (network.maps_of(crop, [name])[name].numpy()[0] / network.magnitude for crop in crops)
        content += np.mean((real - made) ** 2)
        grams = [np.einsum("hwc,hwd->cd", one, one) / one.size for one in (real, made)]
        style += np.mean((grams[0] - grams[1]) ** 2)
    np.testing.assert_allclose(losses["content"], content, rtol=1e-4)
    np.testing.assert_allclose(losses["style"], style, rtol=1e-4)
    np.testing.assert_allclose(losses["generator"], before["generator"] + content + 10 * style, rtol=1e-5)
    options = Options(content_network=str(data / "weight_files/vgg19_small_notop.h5")).settled(None)
    assert len(options.content_network_md5) == 32
    with pytest.raises(InputError, match="holds VGG-19, and a VGG-16 is needed"):
        MODEL.build(options, "float32")
