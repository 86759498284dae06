"""One step of training: both networks, their optimisers, and the moving average of the generator.

A batch is a `Batch` of tensors: images [batch, height, width, 3] in [-1, 1], masks [batch, height, width, 1], 1 in the hole, and
sketches of the masks' shape for guided training. The generator runs once a step. Its detached result first trains the
discriminator; the updated discriminator then judges the same result to train the generator. Each pass of the discriminator is one
power iteration of its spectral norms.

On several devices every replica sees its share of the global batch. Losses are divided by the number of replicas, so that gradients
summed over them, and reported losses summed over them, are those of the whole batch on one device.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3; version 2.0.0 of the authors' code.
"""

from typing import NamedTuple, Optional

import tensorflow as tf

from gated_inpaint.losses.adversarial import hinge_discriminator_loss, hinge_generator_loss
from gated_inpaint.losses.reconstruction import l1_loss


class Batch(NamedTuple):
    image: tf.Tensor
    mask: tf.Tensor
    sketch: Optional[tf.Tensor] = None


class Losses(NamedTuple):
    """Scalars of one step, float32."""

    generator: tf.Tensor  # What the generator's update lowered: adversarial and reconstruction, weighted.
    discriminator: tf.Tensor
    adversarial: tf.Tensor  # -mean of the scores of completed pictures.
    reconstruction: tf.Tensor  # L1 of both stages.


class TrainingStep(tf.Module):
    """Both networks and all that their training changes; made, and called, under a distribution strategy or none.

    Arguments:
      generator, discriminator: the networks; both guided or both not.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      average: a second generator that follows the first as an exponential moving average; inference uses it.
      average_decay: its decay per step; early on it is (1 + step) / (10 + step), where that is less.
      adversarial_weight: weight of the adversarial loss; with 0 the discriminator neither runs nor trains.
      hole_weight: weight of an additional L1 over the hole's pixels alone; 0 as released.
    """

    def __init__(
        self,
        generator,
        discriminator,
        generator_optimizer,
        discriminator_optimizer,
        average,
        average_decay=0.999,
        adversarial_weight=1.0,
        hole_weight=0.0,
    ):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.average = average
        self.average_decay = average_decay
        self.adversarial_weight = adversarial_weight
        self.hole_weight = hole_weight
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
        # What a checkpoint holds of the networks, by name: Keras 3 hides the layers that a model keeps in a dictionary.
        self.saved_variables = {
            "generator": generator.checkpoint_variables(),
            "discriminator": discriminator.checkpoint_variables(),
            "average": average.checkpoint_variables(),
        }
        # Built now, so that a checkpoint finds the optimisers' variables. Those of Addons build themselves, and are restored then.
        for optimizer, network in ((generator_optimizer, generator), (discriminator_optimizer, discriminator)):
            if hasattr(optimizer, "build"):
                optimizer.build(network.trainable_variables)

    def steps_done(self):
        """How many steps were made, as an integer."""
        return int(tf.convert_to_tensor(self.step))

    def __call__(self, batch):
        """Trains both networks on one replica's share of a batch; returns this replica's share of the `Losses`."""
        share = 1.0 / tf.distribute.get_replica_context().num_replicas_in_sync
        sketch = [] if batch.sketch is None else [batch.sketch * batch.mask]
        with tf.GradientTape() as tape:
            completion = self.generator(batch.image, batch.mask, *sketch)
            reconstruction = self._reconstruction(batch, completion) * share
            adversarial = discriminator_loss = tf.zeros([])
            if self.adversarial_weight:
                with tape.stop_recording():
                    discriminator_loss = self._train_discriminator(batch, completion.complete, sketch, share)
                scores = self.discriminator(completion.complete, batch.mask, *sketch, training=True)
                adversarial = hinge_generator_loss(scores) * share
            loss = self.adversarial_weight * adversarial + reconstruction
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.update_ema()
        return Losses(loss, discriminator_loss, adversarial, reconstruction)

    def _reconstruction(self, batch, completion):
        loss = l1_loss(batch.image, completion.coarse, completion.refined)
        if self.hole_weight:
            loss += self.hole_weight * l1_loss(*(batch.mask * picture for picture in (batch.image, *completion[:2])))
        return loss

    def _train_discriminator(self, batch, complete, sketch, share):
        # Real and completed pictures go through together: one power iteration for both, as released.
        both = [tf.concat([tensor, tensor], axis=0) for tensor in (batch.mask, *sketch)]
        with tf.GradientTape() as tape:
            scores = self.discriminator(tf.concat([batch.image, complete], axis=0), *both, training=True)
            loss = hinge_discriminator_loss(*tf.split(scores, 2)) * share
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    def update_ema(self):
        """Moves the average towards the generator, and counts the step."""
        step = tf.cast(self.step, tf.float32)
        rest = 1.0 - tf.minimum(self.average_decay, (1.0 + step) / (10.0 + step))
        for average, variable in zip(self.average.variables, self.generator.variables):
            average.assign_add(rest * (tf.convert_to_tensor(variable) - tf.convert_to_tensor(average)))
        self.step.assign_add(1)
