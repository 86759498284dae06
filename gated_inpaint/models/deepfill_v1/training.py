"""One step of DeepFill v1's training: five steps of the critics, then one of the generator, each with a batch of its own.

The critics compare photos with completed pictures, whole and in the box around the hole. The generator is to please both critics,
and to be near the photo: near the sides of the hole more than in its middle, where more than one completion is right. One Adam
trains all networks, so its count of steps, which corrects its means' bias, goes on through both kinds of steps.

On several devices every replica sees its share of the global batch. Losses are multiplied by that share, so that gradients summed
over the replicas, and reported losses summed over them, are those of the whole batch on one device.

Reference: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, section 3.2 and algorithm 1; version 1.0.0 of
the authors' code.
"""

import tensorflow as tf

from gated_inpaint.losses.adversarial import gradient_penalty, wasserstein_critic_loss, wasserstein_generator_loss
from gated_inpaint.losses.reconstruction import discounted_l1_loss, l1_loss_of_known, spatial_discounts
from gated_inpaint.models import contract
from gated_inpaint.models.deepfill_v1.critics import Critic
from gated_inpaint.models.deepfill_v1.generator import Generator
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.ops.windows import crop_each


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimiser."""
    generator = Generator(options.width, dtype=dtype)
    critics = [Critic(part, side, options.critic_width) for part, side in (("global", options.size), ("local", options.size // 2))]
    return Trainer(generator, *critics, make_optimizer("Adam", options.learning_rate, 0.5, 0.9), options)


class Trainer(contract.Trainer):
    """All networks and all that their training changes.

    Arguments:
      generator: a `Generator`.
      global_critic, local_critic: `Critic`s; the local one's side is that of the batches' boxes.
      optimizer: a Keras optimiser.
      options: `Options`: its numbers of steps, weights and discount.
    """

    def __init__(self, generator, global_critic, local_critic, optimizer, options):
        critic_variables = [*global_critic.trainable_variables, *local_critic.trainable_variables]
        super().__init__(
            {"generator": generator, "global_critic": global_critic, "local_critic": local_critic},
            {"optimizer": (optimizer, [*generator.trainable_variables, *critic_variables])},
        )
        self.generator, self.global_critic, self.local_critic = generator, global_critic, local_critic
        self.critic_variables = critic_variables
        self.optimizer = optimizer
        self.options = options
        self.critic_steps = options.critic_steps if options.adversarial_weight else 0
        self.batches_per_step = self.critic_steps + 1

    def step(self, batches, phase):
        """Returns what `train_generator` does; and the mean over the critics' steps of what `train_critics` does, if they train.

        Raises:
          ValueError: a batch has no boxes or no seeds.
        """
        if any(batch.box is None or batch.seeds is None for batch in batches):
            raise ValueError("DeepFill v1 trains with masks that come with boxes, as masks.box, and with the examples' seeds.")
        *for_critics, batch = batches
        of_critics = [self.train_critics(each) for each in for_critics]
        scalars = self.train_generator(batch)
        for name in of_critics[0] if of_critics else ():
            scalars[name] = tf.add_n([each[name] for each in of_critics]) / len(of_critics)
        return scalars

    def train_critics(self, batch):
        """One step of both critics. Returns their loss ("critics"), and the penalties in it, each without its weight."""
        mix = mix_factors(batch.seeds)
        photo, mask, _ = batch.inputs
        completed = self.generator(batch.inputs).composite
        with tf.GradientTape() as tape:
            loss = wasserstein_critic_loss(self.global_critic(photo), self.global_critic(completed))
            global_penalty = gradient_penalty(self.global_critic, photo, completed, mix[:, 0], mask)
            photo, completed, mask = (self._in_box(maps, batch) for maps in (photo, completed, mask))
            loss += wasserstein_critic_loss(self.local_critic(photo), self.local_critic(completed))
            local_penalty = gradient_penalty(self.local_critic, photo, completed, mix[:, 1], mask)
            loss += self.options.gradient_penalty_weight * (global_penalty + local_penalty)
            loss *= self.share
        self.minimise(self.optimizer, loss, tape, self.critic_variables)
        return {"critics": loss, "global_penalty": global_penalty * self.share, "local_penalty": local_penalty * self.share}

    def train_generator(self, batch):
        """One step of the generator. Returns its loss ("generator"), and its parts without their weights: -mean of both critics'
        scores of completed pictures ("adversarial"), the discounted L1 in the box ("hole") and that outside the hole ("known"), the
        first stage's weighed."""
        photo, mask, _ = batch.inputs
        options = self.options
        with tf.GradientTape() as tape:
            completion = self.generator(batch.inputs)
            hole = known = adversarial = tf.zeros([])
            photo_in_box = self._in_box(photo, batch)
            discounts = spatial_discounts(*photo_in_box.shape[1:3], options.discount)
            for stage, weight in (("coarse", options.coarse_weight), ("refined", 1.0)):
                picture = completion.stages[stage]
                hole += weight * discounted_l1_loss(photo_in_box, discounts, self._in_box(picture, batch))
                known += weight * l1_loss_of_known(photo, mask, picture)
            if options.adversarial_weight:
                adversarial += wasserstein_generator_loss(self.global_critic(completion.composite))
                adversarial += wasserstein_generator_loss(self.local_critic(self._in_box(completion.composite, batch)))
            hole, known, adversarial = (part * self.share for part in (hole, known, adversarial))
            loss = options.hole_weight * hole + options.known_weight * known + options.adversarial_weight * adversarial
            loss, of_options = self.with_added_losses(loss, batch, completion)
        self.minimise(self.optimizer, loss, tape, self.generator.trainable_variables)
        return {"generator": loss, "adversarial": adversarial, "hole": hole, "known": known, **of_options}

    def _in_box(self, maps, batch):
        """The part of [batch, height, width, channels] in the boxes of a batch."""
        return crop_each(maps, batch.box, self.local_critic.side, self.local_critic.side)


def mix_factors(seeds):
    """How far from photo to completed picture the critics' gradients are taken, of whole pictures and of boxes.

    Uniform in [0, 1), float32 [batch, 2], from the seeds of the batch's examples.
    """

    def draw(seed):
        return tf.random.stateless_uniform([2], tf.random.experimental.stateless_fold_in(seed, _MIX))

    return tf.map_fn(draw, seeds, fn_output_signature=tf.TensorSpec([2], tf.float32))


_MIX = 1  # Folded into an example's seed: its mask is drawn from the seed itself.
