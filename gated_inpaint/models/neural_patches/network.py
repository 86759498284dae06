"""Neural patch synthesis as a network: a first guess by a content network, then an optimisation of the pixels.

The content network, a Context Encoder in the paper, completes a small copy of the picture. Enlarged, that is the first guess: right
as a whole, and blurred. Then pixels are moved until VGG-19 sees the first guess's content in textures of the known picture: that is
`objective`, lowered by `lbfgs` at a quarter of the picture's sides, at half of them and at the whole, each scale from the result of
the last one. Nothing is trained.

All pixels move; in the paper's form those of the hole alone, as only they are held to something. In the house only those in the
hole are kept; the network's own output has a soft border around it, as released.

Pictures are of one size, and holes lie in their middle: see `Network.picture_size`. Conventions are those of `gated_inpaint.types`.

Reference: "High-Resolution Image Inpainting using Multi-Scale Neural Patch Synthesis", arXiv 1611.09969; its authors' code.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.features.vgg import BLOCKS, VGG
from gated_inpaint.models import registry
from gated_inpaint.models.contract import Network
from gated_inpaint.models.neural_patches.lbfgs import LBFGS
from gated_inpaint.models.neural_patches.objective import (
    CONTENT_LAYER,
    LAYERS,
    PAPER,
    PUBLISHED,
    RELEASED,
    Objective,
    PaperObjective,
)
from gated_inpaint.models.neural_patches.pictures import from_network, patch_sources, pyramid, resize, to_network
from gated_inpaint.types import Completion, Inputs

RELEASED_SIZE, RELEASED_ITERATIONS = 512, 100
LEAST_SIZE = 128  # Of which a quarter, rotated and made smaller, still has patches in all layers.
HOLE = 56 / 128  # Side of the largest hole over the picture's: that of the paper's content network.
CONTENT_SIZE = 128  # Of a content network that takes pictures of any size.
RAMP = 40 / 512  # Width of the blended border over the picture's side.

# What is needed of VGG-19.
CONVOLUTIONS = tuple(
    f"conv{block}_{number}" for block, count in enumerate((*BLOCKS["VGG-19"][:3], 2), start=1) for number in range(1, count + 1)
)
TEXTURE = "texture"  # Roots of the variables' names.
CONTENT = "content"


@keras.utils.register_keras_serializable(package="gated_inpaint.neural_patches")
class NeuralPatches(Network):
    """Neural patch synthesis.

    Arguments:
      content: {"model": name, "config": config} of the content network, any model's that takes no sketch.
      channels: of VGG-19's convolutions up to conv4_2, ten.
      form: "fast" as released: patches of relu4_1, matched once at each scale; "original": of relu3_1, too, and matched at every
        step; or "paper": patches of the picture itself, nearest by distance, and the hole's pixels held to the previous scale's.
      size: side of the pictures, 128 at least and a multiple of 4; 512 as released.
      iterations: steps at each of three scales; 100 as released.
      texture_weight, smoothness_weight: of these parts of the objective; None: the form's own.
      dtype: of the content network; the optimisation is in float32.

    A call makes the first guess alone. `inpaint` makes all of it, in a loop, which `watch` can follow and end.

    Raises:
      ValueError: an argument is none of these.
    """

    exportable = False

    def __init__(
        self,
        content,
        channels,
        form="fast",
        size=RELEASED_SIZE,
        iterations=RELEASED_ITERATIONS,
        texture_weight=None,
        smoothness_weight=None,
        dtype=None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        if form not in LAYERS:
            raise ValueError(f"The form is one of {', '.join(LAYERS)}, not {form!r}.")
        if size < LEAST_SIZE or size % 4:
            raise ValueError(f"The size is {LEAST_SIZE} at least and a multiple of 4, not {size}.")
        if iterations < 1:
            raise ValueError(f"There is 1 iteration at least, not {iterations}.")
        for weight in (texture_weight, smoothness_weight):
            if weight is not None and not weight >= 0:
                raise ValueError(f"Weights of the objective are 0 or more, not {weight}.")
        if len(channels) != len(CONVOLUTIONS):
            raise ValueError(f"VGG-19 has {len(CONVOLUTIONS)} convolutions up to {CONTENT_LAYER}, not {len(channels)}.")
        self.channels, self.form, self.size, self.iterations = list(channels), form, size, iterations
        self.texture_weight, self.smoothness_weight = texture_weight, smoothness_weight
        self.content = registry.find(content["model"]).network(**content["config"], dtype=self.layer_dtype)
        self._content_model = content["model"]
        if self.content.takes_sketch:
            raise ValueError("The content network takes a sketch, and neural patches take none.")
        self._convolutions = {}
        for name, inputs, outputs in zip(CONVOLUTIONS, (3, *channels), channels):
            for part, shape in (("kernel", (3, 3, inputs, outputs)), ("bias", (outputs,))):
                variable = self.add_weight(
                    name=f"{name}_{part}", shape=shape, initializer="zeros", trainable=False, dtype="float32"
                )
                self._convolutions[f"{name}/{part}"] = variable
        self.built = True

    @property
    def divisor(self):
        """Pictures have its only size."""
        return self.size

    @property
    def picture_size(self):
        """Side of the pictures that it takes."""
        return self.size

    @property
    def hole_size(self):
        """Side of the box, in such a picture's middle, that a hole has to fit."""
        return int(self.size * HOLE)

    def call(self, inputs, training=False):
        image, mask, _ = self.checked_inputs(inputs)
        mask = tf.cast(mask, tf.float32)
        side = self.content.picture_size or CONTENT_SIZE
        known = tf.image.resize(image * (1.0 - mask), [side, side], tf.image.ResizeMethod.AREA)
        hidden = tf.cast(tf.image.resize(mask, [side, side], tf.image.ResizeMethod.AREA) > 0.0, tf.float32)
        made = self.content.inpaint(Inputs(known, hidden)).output
        # The middle on its own, as released: its pixels lie a little differently in it.
        quarter = side // 4
        whole, middle = _enlarged(made, self.size), _enlarged(made[:, quarter:-quarter, quarter:-quarter], self.size // 2)
        around = [self.size // 4] * 2
        in_middle = tf.pad(tf.ones_like(middle[..., :1]), [[0, 0], around, around, [0, 0]])
        guess = tf.pad(middle, [[0, 0], around, around, [0, 0]]) + whole * (1.0 - in_middle)
        guess = tf.clip_by_value(guess, -1.0, 1.0) * mask + image * (1.0 - mask)
        return Completion(guess, guess, {"content": guess})

    def inpaint(self, inputs):
        image, mask, _ = self.checked_inputs(inputs)
        guess = self(Inputs(image, mask)).output
        made = tf.stack([self.synthesise(*one) for one in zip(guess.numpy(), np.asarray(mask)[..., 0] > 0)])
        mask = tf.cast(mask, tf.float32)
        blended = blend(image, made, 1.0 - _soft(mask, max(int(self.size * RAMP) // 2, 1)))
        return Completion(blended, made * mask + image * (1.0 - mask), {"content": guess, "synthesis": blended})

    def synthesise(self, guess, hole):
        """The optimisation: of a first guess, float [size, size, 3] in [-1, 1], and its hole, bool [size, size], a picture alike.

        `watch` is told of each step. If it ends the loop, the result is the best so far.
        """
        network = self._texture_network()
        picture, is_over = None, False
        scales = pyramid(np.concatenate([to_network(guess), hole[..., np.newaxis]], axis=-1))
        for number, scale in enumerate(scales):
            guessed = scale[..., :3]
            moving = scale[..., 3:] > 0 if self.form == PAPER else np.ones_like(scale[..., 3:], bool)
            picture = guessed if picture is None else np.where(moving, resize(picture, *guessed.shape[:2]), guessed)
            if is_over:
                continue
            start = _float32(picture)
            objective = self._objective(network, scale, start)
            picture, is_over = self._optimise(objective, start, _float32(moving), number * self.iterations, len(scales))
        return from_network(picture)

    def _objective(self, network, scale, start):
        """At one scale: of the first guess and its hole there, [height, width, 4], and the picture that the steps begin with."""
        own = PUBLISHED if self.form == PAPER else RELEASED
        given = {"texture": self.texture_weight, "smoothness": self.smoothness_weight}
        weights = own._replace(**{name: weight for name, weight in given.items() if weight is not None})
        if self.form == PAPER:
            return PaperObjective(network, start, scale[..., 3] > 0, weights)
        sources = patch_sources(scale)
        pictures, holes = [_float32(source[..., :3]) for source in sources], [source[..., 3] > 0 for source in sources]
        return Objective(network, _float32(scale[..., :3]), pictures, self.form, weights, holes)

    def _optimise(self, objective, picture, moving, done, scales):
        """The picture after the steps of one scale, as an array, and whether the loop was ended before its end.

        Only pixels where `moving` is 1 change, float32 [height, width, 1].
        """
        optimizer, best, least = LBFGS(), picture, np.inf
        for step in range(self.iterations):
            terms, gradient = objective(picture)
            value = float(tf.add_n(list(terms)))
            if value < least:
                best, least = picture, value
            if not np.isfinite(value):
                return best.numpy(), False
            if self.watch is not None and self.watch(done + step, scales * self.iterations, value):
                return best.numpy(), True
            following = optimizer.next_point(picture, gradient * moving)
            if following is None:
                break
            picture = following
        return picture.numpy(), False

    def refusal(self, size, hole):
        return self.content.refusal(size, hole)

    def get_config(self):
        content = {name: value for name, value in self.content.get_config().items() if name not in ("name", "dtype")}
        names = ("channels", "form", "size", "iterations", "texture_weight", "smoothness_weight")
        return {
            **super().get_config(),
            "content": {"model": self._content_model, "config": content},
            **{name: getattr(self, name) for name in names},
        }

    def describe(self):
        steps = f"{self.iterations} steps at each of 3 scales up to {self.size}x{self.size} pixels"
        return f"Neural patches, {self.form} form, {steps}, from a {self.content.describe()}"

    def named_variables(self):
        """{"content/netG/conv1/kernel": variable, ..., "texture/conv1_1/kernel": variable, ...}"""
        return {
            **{f"{CONTENT}/{name}": variable for name, variable in self.content.named_variables().items()},
            **{f"{TEXTURE}/{name}": variable for name, variable in self._convolutions.items()},
        }

    def _texture_network(self):
        pairs = {name: tuple(self._convolutions[f"{name}/{part}"] for part in ("kernel", "bias")) for name in CONVOLUTIONS}
        return VGG("VGG-19", pairs, "keras")


def blend(photo, synthesis, keep):
    """The photo where `keep` is 1, the synthesis where it is 0, and shares of both between."""
    return photo * keep + synthesis * (1.0 - keep)


def _soft(mask, radius):
    """A mask, float32 [batch, height, width, 1], that falls off outside the hole over twice the radius, in pixels."""
    window = 2 * radius + 1
    grown = tf.nn.max_pool2d(mask, window, 1, "SAME")
    return tf.nn.avg_pool2d(grown, window, 1, "SAME")


def _enlarged(pictures, side):
    return tf.raw_ops.ResizeBilinear(images=pictures, size=[side, side], align_corners=True)


def _float32(picture):
    return tf.constant(np.asarray(picture, np.float32))
