"""One step of CSA's training: of both critics, then of the refinement and of the rough network, with the same batch.

Both stages are to be near the photo, and the refined picture is to please two critics: one of patches of pictures, one of features
of a pretrained network. Beside that, what attention made in the hole is to be like another map of that network of the whole photo,
and so is what the decoder has there (consistency loss, section 3.4).

With `form="paper"` all of that trains the refinement. In the authors' code the features of the refined picture, and those that
are to be consistent, are cut off from it, so that L1 and the critic of pictures alone train it: `form="released"`.

Without a pretrained network there are neither its critic nor the consistency.

On several devices every replica sees its share of the global batch. Losses are multiplied by that share, so that gradients summed
over the replicas, and reported losses summed over them, are those of the whole batch on one device.

Reference: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384, section 3; its authors' code.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.errors import InputError
from gated_inpaint.features import load_feature_network
from gated_inpaint.features.vgg import PREPARATIONS, VGG
from gated_inpaint.losses.adversarial import relativistic_discriminator_loss, relativistic_generator_loss
from gated_inpaint.losses.reconstruction import l1_loss
from gated_inpaint.models import contract
from gated_inpaint.models.csa.feature_discriminator import FeatureDiscriminator
from gated_inpaint.models.csa.generator import HALVINGS, Generator
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.models.patch_discriminator import PatchDiscriminator

# The paper's maps of VGG-16, and the stride of whatever other network's take their places.
CONSISTENCY_MAP, CRITIC_MAP, STRIDE = "relu4_3", "pool3", 2**HALVINGS


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    levels = options.size.bit_length() - 1
    region = "centre" if options.masks == "inner_centre" else "random"
    gradient = "whole" if options.form == "paper" else "truncated"
    generator = Generator(options.width, levels, options.similarity, gradient, region, dtype=dtype)
    discriminator = PatchDiscriminator(options.discriminator_width, spectral=False)
    features, feature_discriminator = None, None
    if options.feature_network:
        features = Features(load_feature_network(options.feature_network, options.precision), options, 8 * options.width)
        feature_discriminator = FeatureDiscriminator(features.critic_channels, options.feature_discriminator_width)
    optimizers = [make_optimizer("Adam", learning_rate(options), 0.5) for _ in range(4)]
    return Trainer(generator, discriminator, feature_discriminator, features, optimizers, options)


def learning_rate(options):
    """The schedule of the learning rate."""
    given = (options.learning_rate, options.epoch_steps, options.constant_epochs, options.falling_epochs)
    return FallingByEpochs(*given)


@keras.utils.register_keras_serializable(package="gated_inpaint.csa")
class FallingByEpochs(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is constant for some epochs and then falls to zero, in as many equal steps as there are others."""

    def __init__(self, initial, epoch_steps, constant_epochs, falling_epochs):
        super().__init__()
        self.initial, self.epoch_steps = initial, epoch_steps
        self.constant_epochs, self.falling_epochs = constant_epochs, falling_epochs

    def __call__(self, step):
        epoch = tf.cast(tf.cast(step, tf.int64) // self.epoch_steps, tf.float32)
        return self.initial * (1.0 - tf.clip_by_value((epoch - self.constant_epochs) / self.falling_epochs, 0.0, 1.0))

    def get_config(self):
        return {name: getattr(self, name) for name in ("initial", "epoch_steps", "constant_epochs", "falling_epochs")}


class Features:
    """The pretrained network's two maps, both at 1/8 of the picture's sides and divided by their magnitude.

    torchvision's VGG is shown pictures in [-1, 1] as they are, as in the authors' code. Any other network has its own preparation.

    Arguments:
      network: a `FeatureNetwork`.
      options: `Options`: the maps' names, if it has any.
      channels: of the features that are to be consistent. A map of another number, as no VGG's is, is brought to it by a fixed
        random matrix.

    Raises:
      InputError: the network has no such map, or not at that scale.
    """

    def __init__(self, network, options, channels):
        self.network = network
        self.consistency_map = self._map("consistency_map", options.consistency_map, CONSISTENCY_MAP)
        self.critic_map = self._map("critic_map", options.critic_map, CRITIC_MAP)
        self.critic_channels = network.maps[self.critic_map].channels
        found = network.maps[self.consistency_map].channels
        self._projection = None
        if found != channels:
            # NumPy's numbers, so that they are the same whatever else the run's seed decides.
            values = np.random.default_rng(0).standard_normal([found, channels]) / np.sqrt(found)
            self._projection = tf.constant(values, tf.float32)

    def _map(self, flag, name, default):
        maps = self.network.maps
        fit = [one for one, (_, stride) in maps.items() if stride == STRIDE]
        if name and name not in maps:
            raise InputError(f"--{flag}: {self.network.name} has no map {name!r}, only {', '.join(maps)}.")
        if not fit or (name and name not in fit):
            raise InputError(
                f"--{flag}: it takes a map at 1/{STRIDE} of the picture's sides, and {self.network.name} has "
                f"{', '.join(fit) or 'none'} there{f', not {name}' if name else ''}."
            )
        return name or (default if default in fit else fit[-1])

    def of_photo(self, photo):
        """What features are to be consistent with, and what the critic compares with: both maps, float32."""
        maps = self._maps(photo, [self.consistency_map, self.critic_map])
        target = maps[self.consistency_map]
        if self._projection is not None:
            target = tf.tensordot(target, self._projection, 1)
        return target, maps[self.critic_map]

    def for_critic(self, pictures):
        """What the critic sees of pictures."""
        return self._maps(pictures, [self.critic_map])[self.critic_map]

    def _maps(self, pictures, names):
        of_torchvision = isinstance(self.network, VGG) and self.network.preparation is PREPARATIONS["torchvision"]
        maps = self.network.maps_of(pictures, names) if of_torchvision else self.network(pictures, names)
        return {name: one / self.network.magnitude for name, one in maps.items()}


class Trainer(contract.Trainer):
    """The networks and all that their training changes.

    Arguments:
      generator: a `Generator`.
      discriminator: a `PatchDiscriminator`.
      feature_discriminator, features: a `FeatureDiscriminator` and the `Features` that it sees; or None, both.
      optimizers: Keras optimisers of the rough network, the refinement, the discriminator, and that of features.
      options: `Options`: the form, and the weights of losses.
    """

    def __init__(self, generator, discriminator, feature_discriminator, features, optimizers, options):
        networks = {"generator": generator, "discriminator": discriminator}
        trained = {"rough": generator.rough, "refinement": generator.refinement, "discriminator": discriminator}
        if features is not None:
            networks["feature_discriminator"] = trained["feature_discriminator"] = feature_discriminator
        super().__init__(
            networks,
            {f"{name}_optimizer": (one, trained[name].trainable_variables) for name, one in zip(trained, optimizers)},
        )
        self.generator, self.discriminator, self.feature_discriminator = generator, discriminator, feature_discriminator
        self.features, self.options = features, options

    def step(self, batches, phase):
        """Returns what trains the refinement and the rough network together ("generator"), and its parts without their weights:
        "l1" of both stages; "adversarial", "feature_adversarial"; "attention_consistency", "decoder_consistency". And the losses
        of the critics, "discriminator" and "feature_discriminator"."""
        (batch,) = batches
        options, photo = self.options, batch.inputs.image
        is_paper, has_critics = options.form == "paper", options.adversarial_weight > 0
        parts, critics = {}, {"discriminator": tf.zeros([])}
        target, real_map = self.features.of_photo(photo) if self.features else (None, None)
        with tf.GradientTape() as tape:
            completion, made = self.generator.complete(batch.inputs)
            rough, refined = completion.stages["rough"], completion.stages["refined"]
            parts["l1"] = l1_loss(photo, refined, rough) * self.share
            loss = options.l1_weight * parts["l1"]

            # The critics, first their own step.
            if has_critics:
                with tape.stop_recording():
                    critics["discriminator"] = self.train_critic("discriminator", photo, refined)
                parts["adversarial"] = self.adversarial_loss(self.discriminator, photo, refined)
                loss += options.adversarial_weight * parts["adversarial"]
            if has_critics and self.features:
                refined_map = self.features.for_critic(refined if is_paper else tf.stop_gradient(refined))
                with tape.stop_recording():
                    critics["feature_discriminator"] = self.train_critic("feature_discriminator", real_map, refined_map)
                parts["feature_adversarial"] = self.adversarial_loss(self.feature_discriminator, real_map, refined_map)
                loss += options.adversarial_weight * parts["feature_adversarial"]

            # The features of the hole.
            if self.features:
                hole = self.generator.hole_of_features(batch.inputs.mask)
                for name, features in made.items():
                    features = features if is_paper else tf.stop_gradient(features)
                    parts[f"{name}_consistency"] = self.consistency_loss(features, target, hole)
                    loss += options.consistency_weight * parts[f"{name}_consistency"]
            loss, of_options = self.with_added_losses(loss, batch, completion)

        # Both stages' gradients at once: one after the other, all of the refinement's would be made twice.
        trained = {name: getattr(self.generator, name).trainable_variables for name in ("refinement", "rough")}
        for name, gradients in tape.gradient(loss, trained).items():
            self.optimizers[f"{name}_optimizer"].apply_gradients(zip(gradients, trained[name]))
        return {"generator": loss, **critics, **parts, **of_options}

    def train_critic(self, name, real, completed):
        """One step of a critic; returns its loss."""
        critic = self.networks[name]
        with tf.GradientTape() as tape:
            loss = 0.5 * relativistic_discriminator_loss(critic(real, training=True), critic(completed, training=True)) * self.share
        self.minimise(self.optimizers[f"{name}_optimizer"], loss, tape, critic.trainable_variables)
        return loss

    def adversarial_loss(self, critic, real, completed):
        """What a critic that has had its step says of completed pictures, or of their features."""
        return relativistic_generator_loss(critic(real, training=True), critic(completed, training=True)) * self.share

    def consistency_loss(self, features, target, hole):
        """Mean squared difference of features and target in the hole, over all positions; with the released form the target
        counts outside of the hole, too, where nothing can be learned of it."""
        features, target = tf.cast(features, tf.float32) * hole, target if self.options.form == "released" else target * hole
        return tf.reduce_mean(tf.square(features - target)) * self.share
