"""One step of DeepFill v2's training.

The generator runs once a step. Its detached result first trains the discriminator; the updated discriminator then scores the same
result to train the generator. Each pass of the discriminator is one power iteration of its spectral norms. Critics on frozen
features, where a run has them, take their turn in the same way; what they add is no part of the paper.

On several devices every replica sees its share of the global batch. Losses are multiplied by that share, so that gradients summed
over the replicas, and reported losses summed over them, are those of the whole batch on one device.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3; version 2.0.0 of the authors' code.
"""

import tensorflow as tf
from absl import logging
from tensorflow import keras

from gated_inpaint.errors import InputError
from gated_inpaint.features import load_feature_network
from gated_inpaint.losses.adversarial import hinge_discriminator_loss, hinge_generator_loss
from gated_inpaint.losses.perceptual import feature_distance
from gated_inpaint.losses.reconstruction import hole_l1_loss, l1_loss
from gated_inpaint.models import contract
from gated_inpaint.models.deepfill_v2.discriminator import Discriminator
from gated_inpaint.models.deepfill_v2.feature_critics import FeatureCritics
from gated_inpaint.models.deepfill_v2.generator import Generator
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.ops.means import masked_mean


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    generator = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    discriminator = Discriminator(options.discriminator_width, options.sketch, dtype=dtype)
    ema_generator = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    discriminator_rate = options.discriminator_learning_rate or options.learning_rate
    features = {}
    if options.feature_network:
        network = load_feature_network(options.feature_network, options.precision)
        features = {
            "feature_network": network,
            "feature_critics": FeatureCritics(_chosen_maps(network, options), network.magnitude, dtype=dtype),
            "feature_critics_optimizer": _optimizer(options, discriminator_rate),
            "feature_critics_weight": options.feature_critics_weight,
            "feature_matching_weight": options.feature_matching_weight,
        }
    if options.learning_rate_decay == "cosine" and options.decay_steps < options.steps:
        logging.warning(
            "The learning rate reaches zero at step %d of %d: nothing is learned from there on; a new run may set --decay_steps.",
            options.decay_steps,
            options.steps,
        )
    return Trainer(
        generator,
        discriminator,
        ema_generator,
        _optimizer(options, options.learning_rate),
        _optimizer(options, discriminator_rate),
        ema_decay=options.ema_decay,
        adversarial_weight=options.adversarial_weight,
        hole_weight=options.hole_weight,
        hole_mean_weight=options.hole_mean_weight,
        **features,
    )


def _optimizer(options, learning_rate):
    if options.learning_rate_decay == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, options.decay_steps)
    return make_optimizer(options.optimizer, learning_rate)


def _chosen_maps(network, options):
    """{name: FeatureMap} of those that have a critic."""
    names = options.feature_maps.split(",") if options.feature_maps else network.default_maps
    unknown = [name for name in names if name not in network.maps]
    if unknown:
        raise InputError(f"--feature_maps: {network.name} has no map {unknown[0]!r}, only {', '.join(network.maps)}.")
    return {name: network.maps[name] for name in network.maps if name in names}


class Trainer(contract.Trainer):
    """Both networks and all that their training changes.

    Arguments:
      generator, discriminator: the networks; both guided or both not.
      ema_generator: a second generator, the exponential moving average of the first.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      ema_decay: decay of the average, per step.
      adversarial_weight: weight of the adversarial loss; with 0 the discriminator neither runs nor trains.
      hole_weight: weight of an additional L1 over the hole's pixels alone, divided by the picture's area; 0 as released.
      hole_mean_weight: the same, divided by the hole's area.
      feature_network: a `FeatureNetwork`, frozen; without one there are no critics on features.
      feature_critics, feature_critics_optimizer: the `FeatureCritics` of its maps, and a Keras optimiser.
      feature_critics_weight: weight of their adversarial loss.
      feature_matching_weight: weight of the distance of the maps, completed picture against photo.
    """

    def __init__(
        self,
        generator,
        discriminator,
        ema_generator,
        generator_optimizer,
        discriminator_optimizer,
        ema_decay=0.999,
        adversarial_weight=1.0,
        hole_weight=0.0,
        hole_mean_weight=0.0,
        feature_network=None,
        feature_critics=None,
        feature_critics_optimizer=None,
        feature_critics_weight=0.1,
        feature_matching_weight=0.5,
    ):
        networks = {"generator": generator, "discriminator": discriminator, "ema_generator": ema_generator}
        optimizers = {
            "generator_optimizer": (generator_optimizer, _in_order_of_slots(generator)),
            "discriminator_optimizer": (discriminator_optimizer, discriminator.trainable_variables),
        }
        if feature_network is not None:
            networks["feature_critics"] = feature_critics
            optimizers["feature_critics_optimizer"] = (feature_critics_optimizer, feature_critics.trainable_variables)
        super().__init__(networks, optimizers)
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.ema_decay = ema_decay
        self.adversarial_weight = adversarial_weight
        self.hole_weight = hole_weight
        self.hole_mean_weight = hole_mean_weight
        self.feature_network = feature_network
        self.feature_critics, self.feature_critics_optimizer = feature_critics, feature_critics_optimizer
        self.feature_critics_weight = feature_critics_weight
        self.feature_matching_weight = feature_matching_weight

    def step(self, batches, phase):
        """Returns, weighted, what the generator's update lowered ("generator"), and its parts: -mean of the scores of completed
        pictures ("adversarial"), L1 of both stages ("reconstruction"); and the discriminator's loss ("discriminator"). With
        critics on features also their loss and its counterpart of the generator ("feature_critics", "feature_adversarial"), the
        distance of the features ("feature_matching"), and the critics' mean scores of photos and of completed pictures."""
        (batch,) = batches
        image, mask, sketch = batch.inputs
        inputs = batch.inputs._replace(sketch=None if sketch is None else sketch * mask)
        with tf.GradientTape() as tape:
            completion = self.generator(inputs)
            reconstruction = self._reconstruction(image, mask, completion) * self.share
            adversarial = discriminator_loss = tf.zeros([])
            if self.adversarial_weight:
                completed = inputs._replace(image=completion.composite)
                with tape.stop_recording():
                    discriminator_loss = self._train_discriminator(inputs, completed)
                adversarial = hinge_generator_loss(self.discriminator(completed, training=True)) * self.share
            loss = self.adversarial_weight * adversarial + reconstruction
            of_features = {}
            if self.feature_network is not None:
                added, of_features = self._score_features(image, completion.composite, mask, tape)
                loss += added
            loss, of_options = self.with_added_losses(loss, batch, completion)
        self.minimise(self.generator_optimizer, loss, tape, self.generator.trainable_variables)
        self.update_ema(self.ema_decay)
        return {
            "generator": loss,
            "discriminator": discriminator_loss,
            "adversarial": adversarial,
            "reconstruction": reconstruction,
            **of_features,
            **of_options,
        }

    def _reconstruction(self, image, mask, completion):
        stages = completion.stages["coarse"], completion.stages["refined"]
        loss = l1_loss(image, *stages)
        if self.hole_weight:
            loss += self.hole_weight * l1_loss(*(mask * picture for picture in (image, *stages)))
        if self.hole_mean_weight:
            loss += self.hole_mean_weight * hole_l1_loss(image, mask, *stages)
        return loss

    def _train_discriminator(self, real, completed):
        # Real and completed pictures go through together: one power iteration for both, as released.
        both = tf.nest.map_structure(lambda *pair: None if pair[0] is None else tf.concat(pair, axis=0), real, completed)
        with tf.GradientTape() as tape:
            scores = self.discriminator(both, training=True)
            loss = hinge_discriminator_loss(*tf.split(scores, 2)) * self.share
        self.minimise(self.discriminator_optimizer, loss, tape, self.discriminator.trainable_variables)
        return loss

    def _score_features(self, image, composite, mask, tape):
        """What the critics and the distance of the features add to the generator's loss, and the scalars to be reported.

        Trains the critics first, which the tape must not see.
        """
        names = list(self.feature_critics.maps)
        maps = self.feature_network(composite, names)
        with tape.stop_recording():
            real_maps = self.feature_network(image, names)
            critics_loss, scores = self._train_feature_critics(real_maps, maps, mask)
        scored = self.feature_critics(maps, mask, training=True).values()
        adversarial = tf.add_n([hinge_generator_loss(*one) for one in scored]) / len(scored) * self.share
        matching = tf.reduce_mean(feature_distance(real_maps, maps)) * self.share
        return self.feature_critics_weight * adversarial + self.feature_matching_weight * matching, {
            "feature_critics": critics_loss,
            "feature_adversarial": adversarial,
            "feature_matching": matching,
            **scores,
        }

    def _train_feature_critics(self, real_maps, maps, mask):
        # As the discriminator: real and completed pictures together.
        both = {name: tf.concat([real_maps[name], maps[name]], axis=0) for name in maps}
        with tf.GradientTape() as tape:
            scored = self.feature_critics(both, tf.concat([mask, mask], axis=0), training=True).values()
            halves = [(*tf.split(scores, 2), tf.split(reach, 2)[0]) for scores, reach in scored]
            loss = tf.add_n([hinge_discriminator_loss(*one) for one in halves]) / len(halves) * self.share
        self.minimise(self.feature_critics_optimizer, loss, tape, self.feature_critics.trainable_variables)
        means = [tf.add_n([masked_mean(one[half], one[2]) for one in halves]) / len(halves) * self.share for half in (0, 1)]
        return loss, dict(zip(("feature_score_of_photos", "feature_score_of_completed"), means))


def _in_order_of_slots(generator):
    """The generator's variables in the order in which checkpoints hold an optimiser's slots: by name on Keras 2, whose version 0.1
    of this package kept the layers in a dictionary, and as they were made on Keras 3. So older runs resume."""
    if hasattr(keras, "ops"):
        return generator.trainable_variables
    named = generator.named_variables()
    return [named[name] for name in sorted(named, key=lambda name: name.rsplit("/", 1)[0])]
