"""The graph that is served: the network of `Inpainter`, and around it what a request needs, as two signatures.

What is loaded (tf.saved_model.load) is callable, too, as TF Hub's reusable SavedModels are: the network alone, to be used or
trained further in another's model. Its variables are those of the signatures, which therefore see what a training changes.

  serving_default   image_bytes, mask_bytes, and sketch_bytes for guided weights: PNG or JPEG files, string [batch].
                    Returns completed_bytes: PNG files, string [batch]. The pictures of a batch may differ in size; they are
                    completed one after the other.
  tensors           image, uint8 [batch, height, width, channels], gray, gray and alpha, RGB or RGBA; mask, and sketch for guided
                    weights, uint8 [batch, height, width, 1].
                    Returns completed, of the image's shape and type. The batch is completed at once, but where a picture of it
                    takes pieces (`inference.plan`).

Every picture has a mask of its own. Pixels outside the hole come back bit for bit, and what is in it opaque. Files mean what they
mean to test_main.py, masks included, and the hole is within one level of its answer; but what a file says beside its pixels, its
colour profile for one, is lost. A request that cannot be served fails as a whole, with INVALID_ARGUMENT and a sentence. (A name
that ends in _bytes tells TensorFlow Serving's REST interface to expect, or give, base64.)

  loaded(inputs, training=False)
                    inputs, a dictionary: image, float32 [batch, height, width, 3] in [-1, 1]; mask, and sketch for guided weights,
                    float32 [batch, height, width, 1], 1 in the hole. Any size, but for U-Nets: theirs.
                    Returns a dictionary of pictures like the image: output, the network's own; composite, the output in the hole;
                    and its earlier stages by their names, coarse for one. training: normalise by the batch, where a network does.
  loaded.serve(inputs), loaded.train(inputs)
                    the same without and with `training`, by the names that Keras' TFSMLayer asks for.
  loaded.variables, loaded.trainable_variables, loaded.regularization_losses
                    lists; there are no losses.
"""

import tensorflow as tf

from gated_inpaint.inference import Inpainter
from gated_inpaint.ops.windows import crop_mirrored
from gated_inpaint.serving.encoded_files import check_size, checked, decode_picture, from_deep, hole_of, lines_of, to_deep
from gated_inpaint.serving.exportable import check_exportable
from gated_inpaint.types import Inputs

DEFAULT_MAX_MEGAPIXELS = 50  # Phones make 12 to 50. Large photos are completed in tiles, in the memory of one.


class ServingModel:
    """The graph, traced once for all sizes, and its variables.

    Arguments:
      weights: what `Inpainter` takes; None for the bundled weights.
      max_megapixels: requests with larger pictures are refused.

    Attributes:
      network: the `Network`.
      sketch: whether requests must have a sketch.
      serving_default, tensors: the signatures, concrete functions.

    Raises:
      InputError: the weights cannot be used, or their network cannot be served.
    """

    def __init__(self, weights=None, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
        self._inpainter = Inpainter(weights)  # Functions do not keep their variables alive.
        self.network = self._inpainter.network
        check_exportable(self.network)
        self.sketch = self.network.takes_sketch
        self._max_megapixels = max_megapixels
        # Traced once, for all that calls it.
        color, marks = tf.TensorSpec([None, None, None, 3], tf.uint16), tf.TensorSpec([None, None, None, 1], tf.bool)
        network = tf.function(self._inpainter.complete_tensors, autograph=False)
        self._network = network.get_concrete_function(color, marks, *[marks] * self.sketch)

        files, tensors = (
            [tf.TensorSpec(shape, dtype, name + suffix) for name in ("image", "mask") + ("sketch",) * self.sketch]
            for shape, dtype, suffix in (([None], tf.string, "_bytes"), ([None] * 4, tf.uint8, ""))
        )
        self.serving_default = tf.function(self._complete_files, autograph=False).get_concrete_function(*files)
        self.tensors = tf.function(self._complete_tensors, autograph=False).get_concrete_function(*tensors)

    def save(self, folder):
        """Writes a SavedModel to a new folder."""
        # Functions and variables only, and none of Keras' objects: to load those would take Keras.
        saved = tf.train.Checkpoint(regularization_losses=[])
        serve, train = (self._network_function(training) for training in (False, True))
        graphs = [function.get_concrete_function().graph.as_graph_def() for function in (serve, train)]
        if graphs[0] == graphs[1]:
            train = serve  # As it is of most networks; twice the graph would take twice as long to load.
        saved.serve, saved.train = serve, train
        saved.__call__ = tf.function(lambda inputs, training=False: (train if training else serve)(inputs), autograph=False)
        for training in (False, True):
            saved.__call__.get_concrete_function(self._network_specs(), training=training)
        functions = (self.serving_default, self.tensors, serve.get_concrete_function(), train.get_concrete_function())
        variables = {id(variable): variable for function in functions for variable in function.variables}.values()
        saved.variables = list(variables)
        saved.trainable_variables = [variable for variable in variables if variable.trainable]
        tf.saved_model.save(saved, str(folder), signatures={"serving_default": self.serving_default, "tensors": self.tensors})

    def _network_specs(self):
        """What the network alone is given: {name of `Inputs`: specification}."""
        side, names = self.network.picture_size, ("image", "mask") + ("sketch",) * self.sketch
        return {name: tf.TensorSpec([None, side, side, 3 if name == "image" else 1], tf.float32, name) for name in names}

    def _network_function(self, training):
        """The network alone, {name of `Inputs`: maps} to {name: pictures}: everywhere, for losses that look there."""

        def complete(inputs):
            size, divisor = tf.shape(inputs["image"])[1:3], self.network.divisor
            whole = tf.stack([[0, 0], -(-size // divisor) * divisor])
            continued = Inputs(**{name: crop_mirrored(maps, whole) for name, maps in inputs.items()})
            made = self.network(continued, training=True) if training else self.network.inpaint(continued)
            earlier = dict(list(made.stages.items())[:-1])  # The last one is the output.
            pictures = {**earlier, "output": made.output, "composite": made.composite}
            return {name: picture[:, : size[0], : size[1]] for name, picture in pictures.items()}

        return tf.function(complete, input_signature=[self._network_specs()], autograph=False)

    def _complete_files(self, image_bytes, mask_bytes, sketch_bytes=None):
        files = {"image": image_bytes, "mask": mask_bytes}
        if self.sketch:
            files["sketch"] = sketch_bytes
        count = tf.size(image_bytes)
        for name, data in files.items():
            sentence = f"There are {{}} images and {{}} {name} files."
            files[name] = checked(data, tf.size(data) == count, sentence, count, tf.size(data))
        # One at a time: several at once would each need the memory of one.
        return {
            "completed_bytes": tf.map_fn(
                lambda numbered: self._complete_file(numbered[0], count, numbered[1]),
                (tf.range(1, count + 1), files),
                fn_output_signature=tf.string,
                parallel_iterations=1,
            )
        }

    def _complete_file(self, number, count, files):
        """Files by name, string scalars, of picture `number` of `count`, to a PNG file."""
        place = tf.strings.format(" ({} of {})", (number, count))
        place = tf.where(count > 1, place, "")
        names = {name: tf.strings.join([name, place]) for name in files}
        pictures = {name: decode_picture(data, names[name], self._max_megapixels) for name, data in files.items()}

        image, is_deep = pictures.pop("image")
        height, width = tf.unstack(tf.shape(image)[:2])
        masks = []
        for name, picture in pictures.items():
            mask = hole_of(picture.levels, names[name]) if name == "mask" else lines_of(picture.levels)
            mask_height, mask_width = tf.unstack(tf.shape(mask)[:2])
            same_size = (mask_height == height) & (mask_width == width)
            sentence = "The {} is {}x{} pixels and the image {}x{}: they must have the same size."
            masks.append(checked(mask, same_size, sentence, names[name], mask_width, mask_height, width, height)[tf.newaxis])

        completed = self._complete(image[tf.newaxis], *masks, mask_name=names["mask"])[0]
        return tf.cond(is_deep, lambda: tf.io.encode_png(completed), lambda: tf.io.encode_png(from_deep(completed)))

    def _complete_tensors(self, image, mask, sketch=None):
        image = _of_four_dimensions(image, "image")
        batch, height, width, channels = tf.unstack(tf.shape(image))
        has_color = (channels >= 1) & (channels <= 4)
        image = checked(image, has_color, "The image has {} channels: 1 to 4 can be completed.", channels)
        image = check_size(image, "image", height, width, self._max_megapixels)
        masks = []
        for name, marks in (("mask", mask),) + (("sketch", sketch),) * self.sketch:
            marks = _of_four_dimensions(marks, name)
            shape, wanted = tf.shape(marks), tf.stack([batch, height, width, 1])
            sentence = f"The {name} has shape {{}} and must have {{}}, as the image."
            marks = checked(marks, tf.reduce_all(shape == wanted), sentence, _shape_text(shape), _shape_text(wanted))
            masks.append(
                _holes(marks) if name == "mask" else marks > tf.where(tf.reduce_max(marks) > 1, tf.constant(127, tf.uint8), 0)
            )
        return {"completed": from_deep(self._complete(to_deep(image), *masks, mask_name="mask"))}

    def _complete(self, image, mask, sketch=None, mask_name=None):
        """uint16 [batch, height, width, as many channels as come], and bool [batch, height, width, 1]."""
        leaves_something = tf.reduce_all(tf.reduce_any(~mask, axis=[1, 2, 3]))
        sentence = "The {} covers the whole image: nothing is left to complete it from."
        mask = checked(mask, leaves_something, sentence, mask_name)

        # All kinds go through the network as RGB of 16 bits: a copy of it for each kind would make loading slow.
        is_gray = tf.shape(image)[-1] < 3
        rgb = tf.gather(image, tf.where(is_gray, [0, 0, 0], [0, 1, 2]), axis=-1)
        completed = self._network(rgb, mask, *([sketch] if self.sketch else []))
        completed = tf.cond(is_gray, lambda: _mean_of_channels(completed), lambda: completed)
        alpha = image[..., tf.shape(completed)[-1] :]  # None or one.
        return tf.concat([completed, tf.where(mask, tf.constant(image.dtype.max, image.dtype), alpha)], axis=-1)


def _of_four_dimensions(tensor, name):
    """What a request holds, checked: TensorFlow takes tensors of any rank, whatever a signature says."""
    shape = _shape_text(tf.shape(tensor))  # As text, since the number of dimensions is replaced by what the signature says.
    has_four = tf.strings.regex_full_match(shape, r"\d+( x \d+){3}")
    return checked(tensor, has_four, f"The {name} has shape {{}} and must have batch x height x width x channels.", shape)


def _holes(masks):
    """Those of masks uint8 [batch, height, width, 1], one by one: each has a brightest level of its own."""
    of_one = tf.TensorSpec([None, None, 1], tf.bool)
    return tf.map_fn(lambda mask: hole_of(to_deep(mask), "mask"), masks, fn_output_signature=of_one)


def _mean_of_channels(levels):
    mean = tf.reduce_mean(tf.cast(levels, tf.float32), axis=-1, keepdims=True)
    return tf.cast(tf.round(mean), levels.dtype)


def _shape_text(shape):
    return tf.strings.reduce_join(tf.strings.as_string(shape), separator=" x ")
