"""One step of Shift-Net's training: one of the discriminator, then one of the generator, with the
same batch.

The generator is to be near the photo and to please the discriminator. And its decoder is to have
the right guess of the hole's features before it looks for like ones: those that its own encoder has
of the photo without a hole (guidance loss, section 3.2).

Where the hole is a box the discriminator sees that alone, as in the authors' PyTorch code, else the
whole picture. So do a content and a style loss of that code, on VGG-16's features, which are there
where its file is given. torchvision's VGG is shown pictures in [-1, 1] as they are, as there; Keras'
has its own preparation, and is another training.

On several devices every replica sees its share of the global batch. Losses are multiplied by that
share, so that gradients summed over the replicas, and reported losses summed over them, are those
of the whole batch on one device.

Reference: "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392, section
3.3; its authors' PyTorch code.
"""

import tensorflow as tf

from gated_inpaint.features import load_vgg
from gated_inpaint.features.vgg import PREPARATIONS
from gated_inpaint.losses.adversarial import binary_cross_entropy
from gated_inpaint.losses.perceptual import map_distance, style_distance
from gated_inpaint.losses.reconstruction import discounted_l1_loss, l1_loss, spatial_discounts
from gated_inpaint.masks import OVERLAP
from gated_inpaint.models import contract
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.models.shift_net.generator import Generator
from gated_inpaint.ops.windows import crop_each

CONTENT_MAPS = ("pool1", "pool2", "pool3")


def build(options, dtype):
    """The `Trainer` of a run: networks and their optimisers."""
    levels = options.size.bit_length() - 1
    region = "centre" if options.masks == "inner_centre" else "random"
    generator = Generator(options.width, levels, options.feature_mask, region, dtype=dtype)
    discriminator = PatchDiscriminator(options.discriminator_width)
    optimizers = (make_optimizer("Adam", options.learning_rate, 0.5) for _ in range(2))
    network = load_vgg(options.content_network, "VGG-16", options.precision) if options.content_network else None
    return Trainer(generator, discriminator, *optimizers, options, network)


class Trainer(contract.Trainer):
    """Both networks and all that their training changes.

    Arguments:
      generator: a `Generator`.
      discriminator: a `PatchDiscriminator`.
      generator_optimizer, discriminator_optimizer: Keras optimisers.
      options: `Options`: its weights of losses, and whether batches come with their holes' boxes.
      content_network: a `VGG`, frozen, of the content and the style loss; None without them.
    """

    def __init__(self, generator, discriminator, generator_optimizer, discriminator_optimizer, options, content_network=None):
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            {
                "generator_optimizer": (generator_optimizer, generator.trainable_variables),
                "discriminator_optimizer": (discriminator_optimizer, discriminator.trainable_variables),
            },
        )
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.options, self.content_network = options, content_network

    def step(self, batches, phase):
        """Returns the generator's loss ("generator"), and its parts without their weights: "l1";
        "guidance"; "adversarial", the cross-entropy that asks completed pictures to be real;
        "discounted", "content" and "style" if they are there. And the discriminator's loss."""
        (batch,) = batches
        options, photo = self.options, batch.inputs.image
        target = self.generator.encode(batch.inputs)
        with tf.GradientTape() as tape:
            completion, decoder = self.generator.complete(batch.inputs)
            real, completed = self.scored_part(photo, batch), self.scored_part(completion.output, batch)
            parts = {
                "l1": l1_loss(photo, completion.output) * self.share,
                "guidance": self.guidance_loss(decoder, target, batch.inputs.mask) * self.share,
                "adversarial": tf.zeros([]),
            }
            weights = {"l1": options.l1_weight, "guidance": options.guidance_weight, "adversarial": options.adversarial_weight}
            discriminator_loss = tf.zeros([])
            if options.adversarial_weight:
                with tape.stop_recording():
                    discriminator_loss = self.train_discriminator(real, completed)
                parts["adversarial"] = binary_cross_entropy(self.discriminator(completed, training=True), 1) * self.share
            if options.discounted_weight:
                discounts = spatial_discounts(*real.shape[1:3], options.discount)
                parts["discounted"] = discounted_l1_loss(real, discounts, completed) * self.share
                weights["discounted"] = options.discounted_weight
            if self.content_network is not None:
                maps, wanted = self.content_maps(completed), self.content_maps(real)
                parts["content"] = map_distance(maps, wanted, tf.square) * self.share
                parts["style"] = style_distance(maps, wanted, tf.square) * self.share
                weights.update(content=options.content_weight, style=options.content_style_weight)
            loss = tf.add_n([weights[name] * part for name, part in parts.items()])
            loss, of_options = self.with_added_losses(loss, batch, completion)
        self.minimise(self.generator_optimizer, loss, tape, self.generator.trainable_variables)
        return {"generator": loss, "discriminator": discriminator_loss, **parts, **of_options}

    def train_discriminator(self, real, completed):
        """One step of the discriminator; returns its loss."""
        with tf.GradientTape() as tape:
            of_real, of_completed = (self.discriminator(pictures, training=True) for pictures in (real, completed))
            loss = 0.5 * (binary_cross_entropy(of_real, 1) + binary_cross_entropy(of_completed, 0)) * self.share
        self.minimise(self.discriminator_optimizer, loss, tape, self.discriminator.trainable_variables)
        return loss

    def guidance_loss(self, decoder, target, mask):
        """Mean squared difference of the decoder's features and those of the photo, where they are
        in the hole; 0 elsewhere.

        With `guidance_everywhere` it is that of the decoder's features in the hole and the photo's
        everywhere, and the gradient goes to the decoder's features everywhere.
        """
        hole = self.generator.hole_of_features(mask)
        decoder, target = tf.cast(decoder, tf.float32), tf.cast(target, tf.float32)
        if self.options.guidance_everywhere:
            decoder += tf.stop_gradient(decoder * hole - decoder)
        else:
            decoder, target = decoder * hole, target * hole
        return tf.reduce_mean(tf.square(decoder - tf.stop_gradient(target)))

    def content_maps(self, pictures):
        """VGG-16's maps of pictures, over their magnitude."""
        network = self.content_network
        as_they_are = network.preparation is PREPARATIONS["torchvision"]
        maps = (network.maps_of if as_they_are else network)(pictures, CONTENT_MAPS)
        return {name: features / network.magnitude for name, features in maps.items()}

    def scored_part(self, pictures, batch):
        """What the discriminator sees of pictures."""
        if not self.options.hole_is_box:
            return pictures
        side = pictures.shape[1] // 2 - 2 * OVERLAP
        return crop_each(pictures, batch.box, side, side)
