"""CSA's losses and gradients against the reference data, and its steps."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from csa_reference import FILE, G, maps, reference_feature_discriminator, reference_inputs
from tensorflow import keras

from gated_inpaint import InputError
from gated_inpaint.features import FeatureMap, FeatureNetwork
from gated_inpaint.features.vgg import VGG
from gated_inpaint.models.csa import Generator, Options, Trainer, training
from gated_inpaint.models.csa.training import Features, learning_rate
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.types import Batch, Inputs
from gated_inpaint.weights import read_weights
from gated_inpaint.weights.loading import assign_arrays

PLACES = {
    "G_e1_conv1_k3": "net_G/model.model.0/kernel",
    "G_e4_conv2_k3": "net_G/model.model.1.model.6.model.6.model.4/kernel",
    "P_d1_conv1_k4": "net_P/model.model.3/kernel",
}


class Recorder:
    """In an optimiser's place: remembers the gradients of a step and changes nothing."""

    def build(self, variables):
        pass

    def apply_gradients(self, gradients_and_variables):
        self.gradients = {id(variable): gradient for gradient, variable in gradients_and_variables}


class StandIn(FeatureNetwork):
    """The reference data's stand-ins for VGG's maps: those of the photo where both are asked for."""

    name, magnitude = "the reference data's", 2.0
    maps = {"relu3_1": FeatureMap(8, 4), "pool3": FeatureMap(16, 8), "relu4_3": FeatureMap(32, 8)}

    def __call__(self, pictures, names=None):
        real = {"relu4_3": maps("vgg_target"), "pool3": maps("F_input_real")}
        found = real if "relu4_3" in names else {"pool3": maps("F_input_fake")}
        return {name: self.magnitude * tf.constant(found[name]) for name in names}


class Means(FeatureNetwork):
    """Means of the picture's blocks as a network."""

    name = "means"
    maps = {"fine": FeatureMap(3, 4), "early": FeatureMap(3, 8), "late": FeatureMap(3, 8)}

    def __call__(self, pictures, names=None):
        return {name: tf.nn.avg_pool2d(pictures, self.maps[name].stride, self.maps[name].stride, "SAME") for name in names}


def reference_trainer(*optimizers, network=None, **options):
    """A trainer of the reference data's networks; with a feature network, and a critic of its own for any but the stand-in."""
    keras.utils.set_random_seed(0)
    options = Options(**{"size": 64, "form": "released", **options})
    file = read_weights(G)
    networks = (
        Generator(**{**file.config, "gradient": "truncated" if options.form == "released" else "whole"}),
        PatchDiscriminator(8, False),
    )
    for one in networks:
        assign_arrays(one.named_variables(), file.arrays, G)
    features, critic = None, None
    if network is not None:
        features = Features(network, options, 32)
        critic = training.FeatureDiscriminator(features.critic_channels, 24)
        critic = reference_feature_discriminator() if isinstance(network, StandIn) else critic
    return Trainer(*networks, critic, features, optimizers or [Recorder() for _ in range(4)], options)


def gradients_of(trainer, name):
    """A step's gradients of a network, by its variables' names."""
    network = trainer.generator if name in ("rough", "refinement") else trainer.networks[name]
    found = trainer.optimizers[f"{name}_optimizer"].gradients
    return {key: found[id(variable)] for key, variable in network.named_variables().items() if id(variable) in found}


def test_losses_and_gradients_agree_with_the_reference():
    trainer = reference_trainer()
    losses = trainer.step((Batch(reference_inputs()),), "all")
    expected = {"l1": FILE["loss_L1_refined"] + FILE["loss_L1_rough"], "adversarial": FILE["loss_G_patch"]}
    np.testing.assert_allclose(losses["l1"], expected["l1"], atol=1e-5)
    np.testing.assert_allclose(losses["adversarial"], expected["adversarial"], atol=1e-4)
    np.testing.assert_allclose(losses["discriminator"], 0.5 * FILE["loss_D_patch"], atol=1e-4)
    np.testing.assert_allclose(losses["generator"], 100 * expected["l1"] + 0.2 * expected["adversarial"], rtol=1e-5)
    assert set(losses) == {"generator", "discriminator", "l1", "adversarial"}
    gradients = {**gradients_of(trainer, "rough"), **gradients_of(trainer, "refinement")}
    assert gradients.keys() == trainer.generator.named_variables().keys()
    for key, name in PLACES.items():
        of_file = FILE[f"grad_{key}_w"]
        np.testing.assert_allclose(
            tf.transpose(gradients[name], [3, 2, 0, 1]), of_file, atol=1e-3 * np.abs(of_file).max(), rtol=0, err_msg=key
        )

    refined = tf.constant(maps("fake_B"))
    with tf.GradientTape() as tape:
        tape.watch(refined)
        loss = 100 * training.l1_loss(maps("image"), refined)
        loss += 0.2 * trainer.adversarial_loss(trainer.discriminator, maps("image"), refined)
    of_file = maps("grad_fake_B")
    np.testing.assert_allclose(tape.gradient(loss, refined), of_file, atol=1e-3 * np.abs(of_file).max())


def test_losses_of_features_agree_with_the_reference():
    trainer = reference_trainer(network=StandIn())
    losses = trainer.step((Batch(reference_inputs()),), "all")
    np.testing.assert_allclose(losses["attention_consistency"], FILE["loss_consistency_csa"], atol=1e-5)
    np.testing.assert_allclose(losses["decoder_consistency"], FILE["loss_consistency_decoder"], atol=1e-5)
    np.testing.assert_allclose(losses["feature_adversarial"], FILE["loss_G_feature"], atol=1e-4)
    np.testing.assert_allclose(losses["feature_discriminator"], 0.5 * FILE["loss_D_feature"], atol=1e-4)
    parts = losses["attention_consistency"] + losses["decoder_consistency"]
    adversarial = losses["adversarial"] + losses["feature_adversarial"]
    np.testing.assert_allclose(losses["generator"], 100 * losses["l1"] + 0.2 * adversarial + parts, rtol=1e-5)

    # The paper's form says the hole's part of the consistency alone.
    paper = reference_trainer(network=StandIn(), form="paper").step((Batch(reference_inputs()),), "all")
    known = np.mean(np.square(maps("vgg_target") * (1 - FILE["feature_mask"][..., np.newaxis])))
    for name in ("attention_consistency", "decoder_consistency"):
        np.testing.assert_allclose(paper[name], losses[name] - known, rtol=1e-4)


def test_what_trains_the_generator_in_either_form():
    """The rough network: L1 alone. The refinement: in the released form L1 and the critic of pictures, in the paper's all."""
    batch, found = Batch(reference_inputs()), {}
    for form in ("paper", "released"):
        for term in ("none", "consistency_weight", "critic"):
            trainer = reference_trainer(network=Means(), form=form, consistency_weight=float(term == "consistency_weight"))
            if term == "critic":  # Its scores, and so its gradient, ten times as large.
                last = trainer.feature_discriminator.named_variables()["net_F/model.5/kernel"]
                last.assign(10 * last)
            trainer.step((batch,), "all")
            found[form, term] = [
                np.concatenate([np.ravel(one) for one in gradients_of(trainer, name).values()]) for name in ("rough", "refinement")
            ]
    for form in ("paper", "released"):
        for term in ("consistency_weight", "critic"):
            (rough, refinement), (rough_without, refinement_without) = found[form, term], found[form, "none"]
            np.testing.assert_allclose(rough, rough_without, rtol=1e-4, atol=1e-6)
            moved = np.abs(refinement - refinement_without).max() / np.abs(refinement_without).max()
            assert (moved > 1e-4) == (form == "paper"), (form, term, moved)


def test_the_critics_step_first_and_the_generator_goes_by_the_new_ones():
    """With plain gradient descent: the adversarial losses are those of the stepped critics."""
    batch = Batch(reference_inputs())
    rates = [make_optimizer("SGD", rate) for rate in (0.0, 0.0, 0.5, 0.5)]
    trainer = reference_trainer(*rates, network=Means())
    apart = reference_trainer(*[make_optimizer("SGD", 0.5) for _ in range(4)], network=Means())
    losses = trainer.step((batch,), "all")
    photo, refined = batch.inputs.image, apart.generator(batch.inputs).output
    pairs = {"discriminator": (photo, refined), "feature_discriminator": tuple(map(apart.features.for_critic, (photo, refined)))}
    for (name, pair), loss in zip(pairs.items(), ("adversarial", "feature_adversarial")):
        critic = apart.networks[name]
        before = float(apart.adversarial_loss(critic, *pair))
        np.testing.assert_allclose(losses[name], apart.train_critic(name, *pair), rtol=1e-4)
        after = float(apart.adversarial_loss(critic, *pair))
        np.testing.assert_allclose(losses[loss], after, rtol=1e-3)
        assert abs(after - before) > 1e-3


def test_rates_of_the_authors_code():
    options = Options(epoch_steps=10)
    schedule = learning_rate(options)
    assert type(schedule).from_config(schedule.get_config()).get_config() == schedule.get_config()
    for epoch, factor in ((0, 1), (18, 1), (19, 1 - 1 / 101), (60, 1 - 42 / 101), (118, 1 - 100 / 101), (119, 0), (200, 0)):
        for step in (10 * epoch, 10 * epoch + 9):
            np.testing.assert_allclose(schedule(tf.constant(step, tf.int64)), 2e-4 * factor, rtol=1e-4, atol=1e-12)
    trainer = training.build(dataclasses.replace(options, size=64, width=2, discriminator_width=2), "float32")
    assert list(trainer.optimizers) == ["rough_optimizer", "refinement_optimizer", "discriminator_optimizer"]
    assert {(o.beta_1, o.beta_2, o.epsilon) for o in trainer.optimizers.values()} == {(0.5, 0.999, 1e-8)}
    assert (trainer.generator.similarity, trainer.generator.gradient, trainer.generator.region) == ("cosine", "whole", "random")


def smooth_batch():
    smooth = tf.image.resize(tf.random.stateless_uniform([2, 2, 2, 3], [0, 0], -1, 1), [64, 64])
    mask = np.zeros([2, 64, 64, 1], np.float32)
    mask[0, 8:40, 16:48], mask[1, 40:60, 3:23] = 1, 1
    return Batch(Inputs(smooth, tf.constant(mask)))


def test_losses_fall_and_without_adversarial_loss_the_critics_rest():
    adams = [make_optimizer("Adam", 1e-3) for _ in range(4)]
    options = dict(form="paper", adversarial_weight=0.0, consistency_weight=100.0)
    trainer, batch = reference_trainer(*adams, network=Means(), **options), smooth_batch()
    critics = trainer.discriminator.variables + trainer.feature_discriminator.variables
    before = [variable.numpy() for variable in critics]
    losses = [trainer.step((batch,), "all") for _ in range(9)]
    for name in ("l1", "attention_consistency", "decoder_consistency"):
        assert losses[-1][name] < 0.95 * losses[0][name], name
    assert losses[0]["discriminator"] == 0 and "adversarial" not in losses[0]
    for variable, value in zip(critics, before):
        np.testing.assert_array_equal(variable, value)


def test_replicas_add_up_to_one_device(two_replicas):
    """A picture on each of two devices: the losses of both together."""
    inputs = smooth_batch().inputs
    expected = reference_trainer(network=Means(), form="paper").step((Batch(inputs),), "all")
    with two_replicas.scope():
        trainer = reference_trainer(network=Means(), form="paper")

    def on_replica():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        return trainer.step((Batch(Inputs(*(tf.gather(one, [index]) for one in inputs[:2]))),), "all")

    made = two_replicas.run(on_replica)
    for name, value in expected.items():
        np.testing.assert_allclose(two_replicas.reduce("SUM", made[name], axis=None), value, rtol=1e-3, err_msg=name)


def test_maps_of_the_pretrained_network():
    def features(network=Means, **options):
        return Features(network(), Options(**options), 32)

    assert (features().consistency_map, features().critic_map) == ("late", "late")
    assert (features(StandIn).consistency_map, features(StandIn).critic_map) == ("relu4_3", "pool3")
    assert features(critic_map="early").critic_map == "early"
    target, seen = features().of_photo(maps("image"))
    assert target.shape == (1, 8, 8, 32) and seen.shape == (1, 8, 8, 3)
    for one in target, seen:  # Fixed, whatever the seed; and of the maps' order.
        np.testing.assert_array_equal(one, features().of_photo(maps("image"))[target is not one])
    np.testing.assert_allclose(np.std(target), np.sqrt(np.mean(np.square(seen))), rtol=0.3)
    with pytest.raises(InputError, match="--critic_map: means has no map 'pool3', only fine, early, late"):
        features(critic_map="pool3")
    with pytest.raises(InputError, match="--consistency_map: it takes a map at 1/8 of .* means has early, late there, not fine"):
        features(consistency_map="fine")


@pytest.mark.parametrize("training_of", ["torchvision", "keras"])
def test_vgg_is_shown_what_the_authors_show_it(training_of):
    rng = np.random.default_rng(0)
    widths = {"conv1_1": (3, 4), "conv1_2": (4, 4), "conv2_1": (4, 6), "conv2_2": (6, 6), "conv3_1": (6, 5), "conv3_2": (5, 5)}
    widths.update({"conv3_3": (5, 5), "conv4_1": (5, 7), "conv4_2": (7, 7), "conv4_3": (7, 32)})
    convolutions = {name: (rng.normal(0, 0.2, [3, 3, *ends]), rng.normal(0, 0.1, ends[1])) for name, ends in widths.items()}
    network = VGG("VGG-16", convolutions, training_of)
    features, pictures = Features(network, Options(), 32), tf.constant(maps("image"))
    assert (features.consistency_map, features.critic_map, features.critic_channels) == ("relu4_3", "pool3", 5)
    shown = pictures if training_of == "torchvision" else network.prepared(pictures)
    expected = network.maps_of(shown, ["relu4_3", "pool3"])
    for made, name in zip(features.of_photo(pictures), ("relu4_3", "pool3")):
        np.testing.assert_allclose(made, expected[name] / network.magnitude, rtol=1e-5)
    np.testing.assert_allclose(features.for_critic(pictures), expected["pool3"] / network.magnitude, rtol=1e-5)
