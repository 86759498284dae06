"""The Context Encoder's generator, a picture with a hole in, what was in the hole out, and its
discriminator. Their rows: `tables`.

  encoder  from 128x128 pixels, one colour in the hole, to a vector of 4000 numbers
  decoder  from the vector to the middle 64x64 pixels ("centre"), or to all of them ("random")

The centre form was trained on one hole alone, 56x56 in the middle; its 64x64 pixels overlap what is
known by 4 on each side. So whatever the mask, the whole of that box is hidden from it. It is
completed where the mask says so.

Conventions of pictures and masks are those of `gated_inpaint.types`; height and width are 128. In
training, normalisation goes by the batch; otherwise by the running mean and variance, so that a
picture does not depend on the others of its batch.

Reference: "Context Encoders: Feature Learning by Inpainting", arXiv 1604.07379; its authors'
released code.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import BatchNorm
from gated_inpaint.models.context_encoder.tables import (
    DECODERS,
    DISCRIMINATORS,
    ENCODER,
    NORMALISATION,
    PICTURE,
    SCORE,
    channels_of,
)
from gated_inpaint.models.contract import Network
from gated_inpaint.types import Completion

SIDE, OVERLAP = 128, 4
CENTRE = slice(SIDE // 4, SIDE - SIDE // 4)  # The rows and columns that the centre form makes.
HOLE = slice(CENTRE.start + OVERLAP, CENTRE.stop - OVERLAP)  # Those that are hidden from it.
FILL = np.array([117, 104, 123], np.float32) / 127.5 - 1.0  # The colour in the hole: RGB.

RELEASED_WIDTH, RELEASED_BOTTLENECK = 64, 4000
EPSILON = 1e-5

ACTIVATIONS = {
    "leaky_relu": lambda features: tf.nn.leaky_relu(features, alpha=0.2),
    "relu": tf.nn.relu,
    "elu": tf.nn.elu,
}


class _Rows(Network):
    """A network whose layers follow from its table: `_add` makes them, `_run` runs them, and `_named`
    has their variables by name, below a root."""

    def _add(self, table, root, width, bottleneck=None, biases=False):
        self._root, self._biases = root, biases
        shape = (None, None, None, 3)
        for row in table:
            convolution = (keras.layers.Conv2DTranspose if row.transposed else keras.layers.Conv2D)(
                channels_of(row, width, bottleneck),
                4,
                strides=1 if row.whole else 2,
                padding="valid" if row.whole else "same",
                use_bias=biases,
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
                name=row.name,
                # Pictures and scores are float32 whatever the other layers compute in.
                dtype="float32" if row.channels in (PICTURE, SCORE) else self.layer_dtype,
            )
            convolution.build(shape)
            setattr(self, row.name, convolution)
            shape = (None, None, None, convolution.filters)
            if row.normalised:
                normalisation = BatchNorm(0.9, EPSILON, name=row.normalisation, dtype="float32")
                normalisation.build(shape)
                normalisation.gamma.assign(keras.initializers.RandomNormal(1.0, 0.02)(normalisation.gamma.shape))
                setattr(self, row.normalisation, normalisation)

    def _run(self, table, features, activation, training):
        """What a table makes of the features; a network's last row has no activation here."""
        for row in table:
            features = getattr(self, row.name)(features)
            if row.normalised:
                features = getattr(self, row.normalisation)(features, training=training)
            if row.channels not in (PICTURE, SCORE):
                features = ACTIVATIONS[activation](features)
        return features

    def _named(self, table):
        found, of_convolutions = {}, ("kernel", "bias") if self._biases else ("kernel",)
        for row in table:
            convolution = getattr(self, row.name)
            found.update({f"{self._root}/{row.name}/{name}": getattr(convolution, name) for name in of_convolutions})
            if row.normalised:
                normalisation = getattr(self, row.normalisation)
                found.update({f"{self._root}/{row.normalisation}/{name}": getattr(normalisation, name) for name in NORMALISATION})
        return found


@keras.utils.register_keras_serializable(package="gated_inpaint.context_encoder")
class Generator(_Rows):
    """The Context Encoder.

    Arguments:
      region: where holes may be: "centre", or "random" for anywhere.
      width: base width of the tables; 64 as released.
      bottleneck: channels of the vector between encoder and decoder; 4000 as released.
      biases: whether convolutions have biases. As released they are zero, so it has none:
        71,124,544 parameters.
      encoder_activation, decoder_activation: "leaky_relu" (of slope 0.2), "relu" or "elu"; the
        first two as released.
      dtype: "float32", or "mixed_bfloat16" for convolutions in bfloat16. By default what Keras'
        global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}, of 128x128 pixels. Returns a
    `Completion`; its only stage is "completed". The output of the centre form is what the network
    was shown but for the middle 64x64 pixels, which are its own.

    Raises:
      ValueError: an argument is none of these; the picture has another size, or a sketch is given.
    """

    divisor = SIDE
    picture_size = SIDE

    def __init__(
        self,
        region="centre",
        width=RELEASED_WIDTH,
        bottleneck=RELEASED_BOTTLENECK,
        biases=False,
        encoder_activation="leaky_relu",
        decoder_activation="relu",
        dtype=None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        _check_one_of("region", region, DECODERS)
        for activation in (encoder_activation, decoder_activation):
            _check_one_of("activation", activation, ACTIVATIONS)
        self.region, self.width, self.bottleneck, self.biases = region, width, bottleneck, biases
        self.encoder_activation, self.decoder_activation = encoder_activation, decoder_activation
        self.decoder = DECODERS[region]
        self._add((*ENCODER, *self.decoder), "netG", width, bottleneck, biases)
        self.built = True

    @property
    def hole_size(self):
        """Side of the box, in the picture's middle, that a hole has to fit; None if it may be anywhere."""
        return HOLE.stop - HOLE.start if self.region == "centre" else None

    def call(self, inputs, training=False):
        image, mask, _ = self.checked_inputs(inputs)
        if not image.shape[1:3].is_compatible_with([SIDE, SIDE]):
            raise ValueError(f"The Context Encoder takes pictures of {SIDE}x{SIDE} pixels, not of shape {tuple(image.shape)}.")
        mask = tf.cast(mask, tf.float32)
        masked = image * (1.0 - mask)
        hidden = tf.maximum(mask, _box(HOLE)) if self.region == "centre" else mask
        shown = masked * (1.0 - hidden) + FILL * hidden
        code = self._run(ENCODER, shown, self.encoder_activation, training)
        output = tf.tanh(self._run(self.decoder, code, self.decoder_activation, training))
        if self.region == "centre":
            around = [CENTRE.start, SIDE - CENTRE.stop]
            output = tf.pad(output, [[0, 0], around, around, [0, 0]]) + shown * (1.0 - _box(CENTRE))
        return Completion(output, output * mask + masked, {"completed": output})

    def refusal(self, size, hole):
        if hole.all():
            return "The hole is the whole picture, so there is nothing to complete it from."
        if self.region == "centre" and _one_reaches_all_borders(hole):
            return "The Context Encoder looks at what is around a hole's box. Here there is nothing: a hole reaches all borders."
        return None

    def get_config(self):
        names = ("region", "width", "bottleneck", "biases", "encoder_activation", "decoder_activation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def describe(self):
        holes = "a hole in the centre" if self.region == "centre" else "holes anywhere"
        return f"Context Encoder for {holes}, base width {self.width}, bottleneck {self.bottleneck}"

    def named_variables(self):
        """{"netG/conv1/kernel": variable, "netG/bn2/gamma": variable, ...}"""
        return self._named((*ENCODER, *self.decoder))


@keras.utils.register_keras_serializable(package="gated_inpaint.context_encoder")
class Discriminator(_Rows):
    """Scores what the generator makes: the middle 64x64 pixels, or all 128x128.

    Arguments:
      region, width: as of the generator; 2,765,568 parameters as released.

    Call with float32 [batch, side, side, 3] in [-1, 1]. Returns scores, float32 [batch, 1],
    unbounded; their sigmoid is the probability that a picture is real.

    Raises:
      ValueError: region is neither; the pictures have another size.
    """

    def __init__(self, region="centre", width=RELEASED_WIDTH, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        _check_one_of("region", region, DISCRIMINATORS)
        self.region, self.width = region, width
        self.side = SIDE // 2 if region == "centre" else SIDE
        self.table = DISCRIMINATORS[region]
        self._add(self.table, "netD", width)
        self.built = True

    def call(self, pictures, training=False):
        if tuple(pictures.shape[1:]) != (self.side, self.side, 3):
            raise ValueError(f"This discriminator takes {self.side}x{self.side} pixels, not the shape {tuple(pictures.shape)}.")
        return tf.reshape(self._run(self.table, pictures, "leaky_relu", training), [-1, 1])

    def get_config(self):
        return {**super().get_config(), "region": self.region, "width": self.width}

    def named_variables(self):
        """{"netD/conv1/kernel": variable, "netD/bn2/gamma": variable, ...}"""
        return self._named(self.table)


def _one_reaches_all_borders(hole):
    """Whether a hole, bool [height, width], has a part that hangs together and reaches all four borders.

    Seen in cells, at most 64 a side: what has no free cell between it is together.
    """
    rows, columns = (-(-side // -(-side // 64)) for side in hole.shape)
    places = [np.arange(side) * count // side for side, count in zip(hole.shape, (rows, columns))]
    cells = np.zeros([rows, columns], bool)
    np.logical_or.at(cells, np.ix_(*places), hole)
    labels = np.arange(1, cells.size + 1).reshape(cells.shape) * cells
    while True:
        padded = np.pad(labels, 1)
        shifted = [padded[row : row + rows, column : column + columns] for row in range(3) for column in range(3)]
        wider = np.maximum.reduce(shifted) * cells
        if np.array_equal(wider, labels):
            break
        labels = wider
    borders = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return bool(set.intersection(*(set(border[border > 0]) for border in borders)))


def _box(part):
    """1 in those rows and columns of the picture, [1, side, side, 1]."""
    box = np.zeros([1, SIDE, SIDE, 1], np.float32)
    box[:, part, part] = 1.0
    return box


def _check_one_of(what, given, choices):
    if given not in choices:
        raise ValueError(f"The Context Encoder's {what} is one of {', '.join(choices)}, not {given!r}.")
