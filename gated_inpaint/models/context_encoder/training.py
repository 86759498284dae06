"""One step of the Context Encoder's training: one of the discriminator, then one of the generator,
with the same batch.

The generator is to please the discriminator a little, and to be near the photo: by the squared
difference, which alone makes blurred pictures. The centre form makes a rim of 4 pixels that are
known, too, where the difference counts ten times, so that the picture goes on across the hole's
border.

On several devices every replica sees its share of the global batch, and normalises by it. Losses
are multiplied by that share, so that gradients summed over the replicas, and reported losses summed
over them, are those of the whole batch.

The discriminator scores the completed pictures again after its own step; the authors' Lua code goes
on with the activations from before it. It zeroes all biases before each step: here there are none.

Reference: "Context Encoders: Feature Learning by Inpainting", arXiv 1604.07379, section 3; its
authors' released code.
"""

import tensorflow as tf

from gated_inpaint.losses.adversarial import binary_cross_entropy
from gated_inpaint.models import contract
from gated_inpaint.models.context_encoder.networks import CENTRE, Discriminator, Generator
from gated_inpaint.models.optimizers import make_optimizer


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    activations = {name: getattr(options, name) for name in ("encoder_activation", "decoder_activation")}
    generator = Generator(options.region, options.width, options.bottleneck, options.biases, dtype=dtype, **activations)
    discriminator = Discriminator(options.region, options.discriminator_width)
    rates = options.learning_rate, options.discriminator_learning_rate
    return Trainer(generator, discriminator, *(make_optimizer("Adam", rate, 0.5) for rate in rates), options)


class Trainer(contract.Trainer):
    """Both networks and all that their training changes.

    Arguments:
      generator, discriminator: of the same region.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      options: settled `Options`: its weights of losses.
    """

    def __init__(self, generator, discriminator, generator_optimizer, discriminator_optimizer, options):
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            {
                "generator_optimizer": (generator_optimizer, generator.trainable_variables),
                "discriminator_optimizer": (discriminator_optimizer, discriminator.trainable_variables),
            },
        )
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.options = options

    def step(self, batches, phase):
        """Returns the generator's loss ("generator"), and its parts without their weights: the
        cross-entropy that asks the completed pictures to be real ("adversarial") and the weighted
        squared difference ("reconstruction"); and the discriminator's loss."""
        (batch,) = batches
        options, (photo, mask, _) = self.options, batch.inputs
        real = self.made_part(photo)
        with tf.GradientTape() as tape:
            completion = self.generator(batch.inputs, training=True)
            completed = self.made_part(completion.output)
            weights = self.made_part(mask + options.known_weight * (1.0 - mask))
            reconstruction = tf.reduce_mean(weights * tf.square(completed - real)) * self.share
            adversarial = discriminator_loss = tf.zeros([])
            if options.adversarial_weight:
                with tape.stop_recording():
                    discriminator_loss = self.train_discriminator(real, completed)
                adversarial = binary_cross_entropy(self.discriminator(completed, training=True), 1) * self.share
            loss = options.adversarial_weight * adversarial + options.reconstruction_weight * reconstruction
            loss, of_options = self.with_added_losses(loss, batch, completion)
        self.minimise(self.generator_optimizer, loss, tape, self.generator.trainable_variables)
        return {
            "generator": loss,
            "adversarial": adversarial,
            "reconstruction": reconstruction,
            "discriminator": discriminator_loss,
            **of_options,
        }

    def train_discriminator(self, real, completed):
        """One step of the discriminator; returns its loss. Real and completed pictures are normalised apart."""
        with tf.GradientTape() as tape:
            of_real, of_completed = (self.discriminator(pictures, training=True) for pictures in (real, completed))
            loss = (binary_cross_entropy(of_real, 1) + binary_cross_entropy(of_completed, 0)) * self.share
        self.minimise(self.discriminator_optimizer, loss, tape, self.discriminator.trainable_variables)
        return loss

    def made_part(self, maps):
        """Of maps of the whole picture, what the generator makes and the discriminator scores."""
        return maps[:, CENTRE, CENTRE] if self.generator.region == "centre" else maps
