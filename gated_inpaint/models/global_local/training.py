"""Global&Local's training: three phases, each with steps of its own.

  completion     the completion network alone learns the squared error in the hole, 90,000 steps
  discriminator  the discriminator alone learns to tell photos from completed pictures, 10,000 steps
  both           400,000 steps: first the discriminator, then the completion network against it

The discriminator sees a completed picture with the crop around its hole, and a photo with a crop at
a random place, drawn as if it had another hole. Both are scored in passes of their own, each
normalised by the statistics of its own batch. A player's step changes nothing of the other, running
statistics included.

Errors are of pictures in [0, 1]. On several devices every replica sees its share of the global
batch, and normalisation the statistics of all. Losses are multiplied by that share, so that
gradients summed over the replicas, and reported losses summed over them, are those of the whole
batch on one device.

References: "Globally and Locally Consistent Image Completion", ACM Transactions on Graphics 36(4),
2017, section 3.4 and algorithm 1; its weights of losses as the PyTorch port at
github.com/otenim/GLCIC-PyTorch has them.
"""

import numpy as np
import tensorflow as tf
from absl import logging

from gated_inpaint.losses.adversarial import binary_cross_entropy
from gated_inpaint.masks import mask_function
from gated_inpaint.models import contract
from gated_inpaint.models.global_local.completion_network import CompletionNetwork
from gated_inpaint.models.global_local.discriminator import Discriminator
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.ops.windows import crop_each

_RHO, _EPSILON = 0.9, 1e-6  # Of Adadelta.
_PHOTOS_BOX = 2  # Folded into an example's seed: its mask is drawn from the seed itself.


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    kind = {"layer_order": options.layer_order, "picture_range": options.picture_range, "dtype": dtype}
    generator = CompletionNetwork(options.width, mean_use=options.mean_use, **kind)
    sides = options.size, options.size // 2
    discriminator = Discriminator(*sides, options.discriminator_width, options.global_convolutions, **kind)
    optimizers = (make_optimizer(options.optimizer, options.learning_rate, epsilon=_EPSILON, rho=_RHO) for _ in range(2))
    return Trainer(generator, discriminator, *optimizers, options)


class Trainer(contract.Trainer):
    """Both networks and all that their training changes.

    Arguments:
      generator: a `CompletionNetwork`.
      discriminator: a `Discriminator`; its sides are those of the batches' pictures and boxes.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      options: `Options`: its phases, masks and weights.

    """

    def __init__(self, generator, discriminator, generator_optimizer, discriminator_optimizer, options):
        optimizers = {
            "generator_optimizer": (generator_optimizer, generator.trainable_variables),
            "discriminator_optimizer": (discriminator_optimizer, discriminator.trainable_variables),
        }
        self.left_gradients = LeftGradients() if options.port_slips else None
        if self.left_gradients is not None:
            optimizers["left_gradients"] = self.left_gradients, discriminator.trainable_variables
        super().__init__({"generator": generator, "discriminator": discriminator}, optimizers)
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.options = options
        self._draw_mask_and_box = mask_function(options.masks)

    def prepare(self, examples):
        """The mean colour of the training set; a network that starts from weights goes on with theirs."""
        if self.options.init_weights:
            return
        colours = [np.mean(example["image"], axis=(1, 2), dtype=np.float64) for example in examples]
        mean = 0.5 * np.concatenate(colours).mean(axis=0) + 0.5
        self.generator.mean.assign(mean.astype(np.float32))
        logging.info("The mean colour of the photos, in [0, 1]: %s.", ", ".join(f"{level:.4f}" for level in mean))

    def phase(self, step):
        options = self.options
        if step <= options.completion_steps or not options.adversarial_weight:
            return "completion"
        return "discriminator" if step <= options.completion_steps + options.discriminator_steps else "both"

    def step(self, batches, phase):
        """Returns the losses of the players that the phase trains, each without its weight:
        "reconstruction", "adversarial" and "discriminator"; and the completion network's, weighed
        ("generator").

        Raises:
          ValueError: the batch has no boxes or no seeds.

        """
        (batch,) = batches
        if batch.box is None or batch.seeds is None:
            raise ValueError("Global&Local trains with masks that come with boxes, and with the examples' seeds.")
        train = {"completion": self.train_completion, "discriminator": self.train_discriminator, "both": self.train_both}[phase]
        return train(batch)

    def train_completion(self, batch):
        """One step of the completion network alone."""
        with tf.GradientTape() as tape:
            completion = self.generator(batch.inputs, training=True)
            reconstruction = self._reconstruction(batch, completion)
            loss, of_options = self.with_added_losses(reconstruction, batch, completion)
        self.minimise(self.generator_optimizer, loss, tape, self.generator.trainable_variables)
        return {"generator": loss, "reconstruction": reconstruction, **of_options}

    def train_discriminator(self, batch):
        """One step of the discriminator alone."""
        completion = self.generator(batch.inputs, training=True, moves_statistics=self.options.port_slips)
        return self._step_of_discriminator(batch, completion, 1.0)

    def train_both(self, batch):
        """One step of the discriminator, then one of the completion network, which is scored by the discriminator as it is then."""
        weight = self.options.adversarial_weight
        with tf.GradientTape() as tape:
            completion = self.generator(batch.inputs, training=True)
            with tape.stop_recording():
                scalars = self._step_of_discriminator(batch, completion, weight)
            reconstruction = self._reconstruction(batch, completion)
            scores = self._scores(self._shown(completion), batch.box, moves_statistics=self.options.port_slips)
            adversarial = self.share * binary_cross_entropy(scores, 1.0)
            loss, of_options = self.with_added_losses(0.5 * (reconstruction + weight * adversarial), batch, completion)
        variables, other_variables = self.generator.trainable_variables, self.discriminator.trainable_variables
        if self.left_gradients is None:
            self.minimise(self.generator_optimizer, loss, tape, variables)
        else:
            gradients, left = tape.gradient(loss, [variables, other_variables])
            self.generator_optimizer.apply_gradients(zip(gradients, variables))
            self.left_gradients.leave(left)
        return {"generator": loss, "reconstruction": reconstruction, "adversarial": adversarial, **scalars, **of_options}

    def _step_of_discriminator(self, batch, completion, weight):
        """Teaches it to score photos 1 and what the completion network made 0."""
        shown, photo = tf.stop_gradient(self._shown(completion)), batch.inputs.image
        with tf.GradientTape() as tape:
            of_completed = binary_cross_entropy(self._scores(shown, batch.box), 0.0)
            of_photos = binary_cross_entropy(self._scores(photo, self.photos_boxes(batch.seeds)), 1.0)
            loss = self.share * 0.5 * (of_completed + of_photos)
            weighed = weight * loss
        variables = self.discriminator.trainable_variables
        gradients = tape.gradient(weighed, variables)
        if self.left_gradients is not None:
            gradients = self.left_gradients.added_to(gradients, self.share)
        self.discriminator_optimizer.apply_gradients(zip(gradients, variables))
        return {"discriminator": loss}

    def photos_boxes(self, seeds):
        """Where crops of photos lie, int32 [batch, 2, 2]: as the boxes of other holes, from the seeds of the examples."""
        others = tf.map_fn(lambda seed: tf.cast(tf.random.experimental.stateless_fold_in(seed, _PHOTOS_BOX), seed.dtype), seeds)
        side = self.discriminator.sides["global"]
        return self._draw_mask_and_box(others, side, side)[1]

    def _shown(self, completion):
        return completion.composite if self.options.shown == "composite" else completion.output

    def _scores(self, pictures, boxes, moves_statistics=True):
        side = self.discriminator.sides["local"]
        crops = crop_each(pictures, boxes, side, side)
        return self.discriminator((pictures, crops), training=True, moves_statistics=moves_statistics)

    def _reconstruction(self, batch, completion):
        """The squared error in the hole, of pictures in [0, 1], its mean over everything."""
        image, mask, _ = batch.inputs
        return self.share * 0.25 * tf.reduce_mean(tf.square((completion.output - image) * mask))


class LeftGradients(tf.Module):
    """The port's slip: gradients that one player's step leaves on the other, for its next step.

    The port clears a network's gradients when that network was updated, and not before its own are
    computed.
    """

    def build(self, variables):
        """Makes room for the gradients of these variables."""
        total = tf.VariableAggregation.SUM
        self.gradients = [tf.Variable(tf.zeros(one.shape), trainable=False, aggregation=total) for one in variables]

    def leave(self, gradients):
        """Keeps gradients, a replica's share of each, for the next step."""
        for variable, gradient in zip(self.gradients, gradients):
            variable.assign(gradient)

    def added_to(self, gradients, share):
        """A replica's gradients with its share of those that were left.

        They are summed in the variables, as the port does it. (Three terms in one sum would be added in
        an order that depends on which of them TensorFlow has first.)
        """
        for variable, gradient in zip(self.gradients, gradients):
            variable.assign_add(gradient)
        sums = [share * tf.convert_to_tensor(variable) for variable in self.gradients]
        self.leave([tf.zeros_like(gradient) for gradient in gradients])
        return sums
