"""One step of DeepFill v2's training.

The generator runs once a step. Its detached result first trains the discriminator; the updated discriminator then scores the same
result to train the generator. Each pass of the discriminator is one power iteration of its spectral norms.

On several devices every replica sees its share of the global batch. Losses are multiplied by that share, so that gradients summed
over the replicas, and reported losses summed over them, are those of the whole batch on one device.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3; version 2.0.0 of the authors' code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.losses.adversarial import hinge_discriminator_loss, hinge_generator_loss
from gated_inpaint.losses.reconstruction import l1_loss
from gated_inpaint.models import contract
from gated_inpaint.models.deepfill_v2.discriminator import Discriminator
from gated_inpaint.models.deepfill_v2.generator import Generator
from gated_inpaint.models.optimizers import make_optimizer


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    generator = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    discriminator = Discriminator(options.discriminator_width, options.sketch, dtype=dtype)
    ema_generator = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    learning_rate = options.learning_rate
    if options.learning_rate_decay == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, options.decay_steps)
    optimizers = [make_optimizer(options.optimizer, learning_rate) for _ in range(2)]
    return Trainer(
        generator, discriminator, ema_generator, *optimizers, options.ema_decay, options.adversarial_weight, options.hole_weight
    )


class Trainer(contract.Trainer):
    """Both networks and all that their training changes.

    Arguments:
      generator, discriminator: the networks; both guided or both not.
      ema_generator: a second generator, the exponential moving average of the first.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      ema_decay: decay of the average, per step.
      adversarial_weight: weight of the adversarial loss; with 0 the discriminator neither runs nor trains.
      hole_weight: weight of an additional L1 over the hole's pixels alone; 0 as released.
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
    ):
        super().__init__(
            {"generator": generator, "discriminator": discriminator, "ema_generator": ema_generator},
            {
                "generator_optimizer": (generator_optimizer, _in_order_of_slots(generator)),
                "discriminator_optimizer": (discriminator_optimizer, discriminator.trainable_variables),
            },
        )
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.ema_decay = ema_decay
        self.adversarial_weight = adversarial_weight
        self.hole_weight = hole_weight

    def step(self, batches, phase):
        """Returns, weighted, what the generator's update lowered ("generator"), and its parts: -mean of the scores of completed
        pictures ("adversarial"), L1 of both stages ("reconstruction"); and the discriminator's loss ("discriminator")."""
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
        self.minimise(self.generator_optimizer, loss, tape, self.generator.trainable_variables)
        self.update_ema(self.ema_decay)
        return {
            "generator": loss,
            "discriminator": discriminator_loss,
            "adversarial": adversarial,
            "reconstruction": reconstruction,
        }

    def _reconstruction(self, image, mask, completion):
        stages = completion.stages["coarse"], completion.stages["refined"]
        loss = l1_loss(image, *stages)
        if self.hole_weight:
            loss += self.hole_weight * l1_loss(*(mask * picture for picture in (image, *stages)))
        return loss

    def _train_discriminator(self, real, completed):
        # Real and completed pictures go through together: one power iteration for both, as released.
        both = tf.nest.map_structure(lambda *pair: None if pair[0] is None else tf.concat(pair, axis=0), real, completed)
        with tf.GradientTape() as tape:
            scores = self.discriminator(both, training=True)
            loss = hinge_discriminator_loss(*tf.split(scores, 2)) * self.share
        self.minimise(self.discriminator_optimizer, loss, tape, self.discriminator.trainable_variables)
        return loss


def _in_order_of_slots(generator):
    """The generator's variables in the order in which checkpoints hold an optimiser's slots: by name on Keras 2, whose version 0.1
    of this package kept the layers in a dictionary, and as they were made on Keras 3. So older runs resume."""
    if hasattr(keras, "ops"):
        return generator.trainable_variables
    named = generator.named_variables()
    return [named[name] for name in sorted(named, key=lambda name: name.rsplit("/", 1)[0])]
