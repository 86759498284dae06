"""Completes pictures: any height and width, gray or colour, with or without alpha, 8 or 16 bits a channel.

A network wants RGB in [-1, 1] with sides divisible by its `divisor`. Everything between that and a person's picture happens here,
in TensorFlow operations: gray is repeated to three channels and averaged back; the picture and its mask are continued by reflection
at the bottom and right up to the next multiple, so that the border sees more of the same picture rather than an edge; holes too
large or too many for the network are completed in pieces, as `plan` says; and the network's result is kept in the hole alone, and
is opaque. Every pixel outside the hole is the input's, bit for bit.
"""

import copy
import functools
from typing import Any, Callable, NamedTuple, Optional, Union

import numpy as np
import tensorflow as tf
from PIL import Image

from gated_inpaint.errors import InputError
from gated_inpaint.inference.arguments import extended_picture, understood
from gated_inpaint.inference.blending import BLENDS, blended
from gated_inpaint.inference.channels import as_rgb, by_bands, finished, in_the_hole
from gated_inpaint.inference.holes import complete_holes
from gated_inpaint.inference.pieces import complete_pieces, complete_pieces_in_graph
from gated_inpaint.inference.plan import SMALLEST_WORKING_SIZE, STRATEGIES, ChosenPlan, make_plan, takes_pieces
from gated_inpaint.inference.thickness import is_thin
from gated_inpaint.ops.levels import to_levels
from gated_inpaint.ops.windows import crop_mirrored
from gated_inpaint.types import Inputs, Path
from gated_inpaint.weights import BUNDLED, bundled_name, load_network
from gated_inpaint.weights.presets import save_preset, settings_of, source_of

MAP_SIDE = 384  # Longest side, in pixels, of what `Inpainter.layer_maps` returns.
SETTINGS = ("hd_strategy", "working_size", "finish", "blend")  # Of an `Inpainter`, that a preset holds.
EVERYWHERE = 2**20  # Pixels of the largest photo whose stages are made everywhere.


Picture = Union[Path, Image.Image, np.ndarray]


class Stages(NamedTuple):
    """What the network made on its way; pictures have the completed picture's dtype.

    Of a photo that was completed in pieces, there are those of each piece, as the network saw it, by names such as "piece1_coarse".
    """

    stages: dict  # {name: [height, width, 3]}, without alpha, in the order in which they were made.
    completed: np.ndarray  # Shaped as the input.
    offsets: dict  # {"", or "piece1_": int32 [rows, columns, 2]}: from each position to where its attention looked, in positions.


class Inpainter:
    """Completes pictures.

    Arguments:
      weights: an `.npz`, folder or prefix of a TensorFlow 1 checkpoint, folder of a training run, or bundled weights by name; None
        is "default". Pictures that were to be completed with it, and whose hole is thin (see `thickness`), are with "thin".
      precision: "float32", or "bfloat16" for convolutions in bfloat16: faster where the processor has it, and slightly less exact.
      eager: complete without making a graph first. That saves seconds at the first call and costs a little at every later one.
      hd_strategy: how holes larger than those that the network was trained on, and photos larger than memory, are completed:
        "auto", "original", "crop" or "tiles", see `plan`.
      working_size: side, in pixels, of what the network is given at once by "crop", "tiles" and "auto"; None: see `make_plan`.
      blend: what is done about seams, inside the hole alone: "none", "feather" or "poisson", see `blending`.
      finish: do the paper's own work on the completed picture, where there is any: `Network.finish`. Takes pictures of 8 bits.
      iterations: steps of a network that completes by a loop, at each of its scales; None: as its weights say.

    Call with:
      image: a path; a Pillow image of any mode; or an array [height, width], [height, width, channels] or a batch of the latter, of
        uint8, uint16 or floats in [0, 1]; gray, gray and alpha, RGB, or RGBA. What it shows inside the hole is ignored.
      mask: a path, a Pillow image or an array, one per picture, of the picture's size: gray or colour, bool, integers or floats,
        white in the hole; `gated_inpaint.files.masks` says what else is understood. None: the hole is what is transparent.
      sketch: like the mask, white on the lines; for guided weights only, and used inside the hole only.
      progress: function of (pieces done, pieces in all), called before each piece of a photo that is completed in pieces.
      plan: what `plan` returned for one picture's hole, so that it is not made twice; None: it is made.

    Returns the completed picture: an image of an image, an array of an array, of its shape and dtype; with an empty mask, the
    picture itself. Of a path, an array, upright.

    Raises:
      InputError: the weights cannot be used; a file cannot be read; shapes, types or values do not fit; a mask is none, or leaves
        nothing to complete from, or is refused by the network; a sketch is missing, or given to weights that take none; the
        memory does not suffice.

    Example:
      >>> Inpainter()(np.zeros([100, 75, 3], np.uint8), np.eye(100, 75)).shape
      (100, 75, 3)
    """

    def __init__(
        self,
        weights: Optional[Path] = None,
        precision: str = "float32",
        eager: bool = False,
        hd_strategy: str = "auto",
        working_size: Optional[int] = None,
        finish: bool = False,
        iterations: Optional[int] = None,
        blend: str = "none",
    ) -> None:
        _check_strategy(hd_strategy, working_size)
        if blend not in BLENDS:
            raise InputError(f"Seams are blended by one of {', '.join(BLENDS)}, not {blend}.")
        self._blend = blend
        self.network = load_network(weights, precision)
        self._is_default = weights is None or bundled_name(weights) == "default"
        self._make_for_thin = functools.partial(Inpainter, BUNDLED["thin"], precision, eager, blend=blend)
        self._for_thin: Optional[Inpainter] = None  # Made for the first thin hole.
        self._check_finish(finish)
        if iterations is not None:
            if self.network.iterations is None:
                raise InputError(f"{type(self.network).__name__} of these weights completes in one pass: leave out iterations.")
            if iterations < 1:
                raise InputError(f"iterations must be at least 1, not {iterations}.")
            self.network.iterations = iterations
        eager = eager or not self.network.exportable
        self._hd_strategy, self._working_size, self._finish, self._is_graph = hd_strategy, working_size, finish, not eager
        self._plan, self._complete, self._completion, self._stages_everywhere, self._stages_in_holes, self._maps = (
            function if eager else tf.function(function, autograph=False)
            for function in (
                self._plan_of,
                self._complete_batch,
                self._completion_of_batch,
                self._stages_of_batch,
                functools.partial(self._stages_of_batch, everywhere=False),
                self._maps_of_batch,
            )
        )

    @classmethod
    def from_preset(cls, preset: Path, precision: str = "float32", eager: bool = False, **settings: Any) -> "Inpainter":
        """An inpainter of a preset: "default", a folder, or "hf://owner/name"; see `weights.presets`.

        `settings` are arguments as above, in the place of those that the preset says. Raises InputError.
        """
        source = source_of(preset)
        chosen = {**settings_of(source), **settings}
        unknown = chosen.keys() - set(SETTINGS)
        if unknown:
            raise InputError(f"An inpainter has no setting {min(unknown)}: it must be one of {', '.join(SETTINGS)}.")
        return cls(source, precision, eager, **chosen)

    def save_to_preset(self, folder: Path) -> None:
        """Writes the network, and how it is used here, as a preset. Raises InputError."""
        save_preset(self.network, folder, {name: getattr(self, f"_{name}") for name in SETTINGS})

    def __call__(
        self,
        image: Picture,
        mask: Optional[Picture] = None,
        sketch: Optional[Picture] = None,
        progress: Optional[Callable[[int, int], None]] = None,
        plan: Optional[ChosenPlan] = None,
    ) -> Any:
        given = self._understood(image, mask, sketch)
        if not given.mask.any():
            return given.answer(given.image.copy())
        fitting = [self.fitting(hole) for hole in given.mask[..., 0]]
        plans = [plan] if plan and len(given.mask) == 1 else [one.plan(hole) for one, hole in zip(fitting, given.mask[..., 0])]
        if len(set(fitting)) == 1 and not any(plan.pieces for plan in plans):
            completed = _run_any_size(fitting[0]._complete, given.arrays()).numpy()
        else:
            photos = zip(*map(_one_by_one, given.arrays()))
            completed = np.concatenate(
                [
                    one._complete_by_plan(progress, plan, photo) if plan.pieces else _run_any_size(one._complete, photo).numpy()
                    for one, plan, photo in zip(fitting, plans, photos)
                ]
            )
        return given.answer(self._finished(given, completed))

    def fitting(self, hole: np.ndarray) -> "Inpainter":
        """The inpainter that completes a hole, bool [height, width]: this one, or of bundled weights that fit it better."""
        if not self._is_default or self._hd_strategy == "crop" or not is_thin(hole):  # Crops may be reduced, or enlarged.
            return self
        if self._for_thin is None:
            self._for_thin = self._make_for_thin().with_strategy(self._hd_strategy, self._working_size, self._finish)
        return self._for_thin

    def extend(
        self,
        image: Picture,
        extension: str,
        mask: Optional[Picture] = None,
        sketch: Optional[Picture] = None,
        progress: Optional[Callable[[int, int], None]] = None,
    ) -> Any:
        """Completes a picture with a border around it, and what a mask marks in the picture itself.

        Arguments:
          extension: "left,top,right,bottom", each in pixels or in percent of the picture's width or height.
          image, mask, sketch, progress: as for a call, of one picture; without a mask nothing but the border, and what is
            transparent, is a hole. A sketch may have the size of the result.

        Returns the larger picture in the form of the one given; of a path, an array.
        """
        larger, hole, lines = extended_picture(image, extension, mask, sketch)
        return self(larger, hole, lines, progress)

    def with_strategy(self, hd_strategy: str, working_size: Optional[int] = None, finish: bool = False) -> "Inpainter":
        """An inpainter of the same network, which is not loaded again, and another strategy."""
        _check_strategy(hd_strategy, working_size)
        self._check_finish(finish)
        other = copy.copy(self)
        other._hd_strategy, other._working_size, other._finish = hd_strategy, working_size, finish
        other._plan = tf.function(other._plan_of, autograph=False) if self._is_graph else other._plan_of
        other._for_thin = self._for_thin and self._for_thin.with_strategy(hd_strategy, working_size, finish)
        return other

    def plan(self, hole: np.ndarray) -> ChosenPlan:
        """What a call does with a photo of this hole, bool [height, width]: a `ChosenPlan`. Raises InputError if it is refused."""
        fitting = self.fitting(hole)
        if fitting is not self:
            return fitting.plan(hole)
        height, width = hole.shape
        reason = self.network.refusal((height, width), hole) if hole.any() else None
        if reason:
            raise InputError(reason)
        function: Any = self._plan
        if hasattr(function, "get_concrete_function"):
            function = function.get_concrete_function(tf.TensorSpec([None, None], tf.bool))
        return ChosenPlan(function(tf.constant(hole)), hole)

    def stages(
        self,
        image: Picture,
        mask: Optional[Picture] = None,
        sketch: Optional[Picture] = None,
        progress: Optional[Callable[[int, int], None]] = None,
        plan: Optional[ChosenPlan] = None,
    ) -> Stages:
        """Completes one picture and returns its `Stages`; arguments as for a call, without a batch axis.

        Stages are everywhere where that is no great work; of photos larger than `EVERYWHERE`, and of pieces, they are the photo
        but for the holes.
        """
        given = self._one_picture(image, mask, sketch)
        fitting = self.fitting(given.mask[0, ..., 0])
        if fitting is not self:
            return fitting.stages(image, mask, sketch, progress, plan)
        pieces: list[tuple] = []
        chosen = plan or self.plan(given.mask[0, ..., 0])
        if chosen.pieces:
            completed = self._complete_by_plan(progress, chosen, given.arrays(), pieces.append)
            made = [(f"piece{number}_", *piece) for number, piece in enumerate(pieces, start=1)]
        else:
            everywhere = given.mask[0].size <= EVERYWHERE
            of_batch = _run_any_size(self._stages_everywhere if everywhere else self._stages_in_holes, given.arrays())
            stages, completed, offsets = tf.nest.map_structure(lambda tensor: None if tensor is None else tensor.numpy(), of_batch)
            made = [("", stages, offsets)]
        return Stages(
            {prefix + name: picture[0] for prefix, stages, _ in made for name, picture in stages.items()},
            given.answer(self._finished(given, completed)),
            {prefix: offsets[0] for prefix, _, offsets in made if offsets is not None},
        )

    def layer_maps(
        self, image: Picture, mask: Optional[Picture] = None, sketch: Optional[Picture] = None
    ) -> "dict[str, np.ndarray]":
        """What some layers let through of one picture; arguments as for `stages`.

        Returns {layer: float32 [height, width, channels]}, in [0, 1], as `Network.layer_maps` says, at the layer's scale or, if
        that is larger, reduced to MAP_SIDE. They are of the picture that the network sees, continued by reflection.
        """
        given = self._one_picture(image, mask, sketch)
        maps = _run_any_size(self.fitting(given.mask[0, ..., 0])._maps, given.arrays())
        return {name: array.numpy()[0] for name, array in maps.items()}

    def complete_tensors(self, image: tf.Tensor, mask: tf.Tensor, sketch: Optional[tf.Tensor] = None) -> tf.Tensor:
        """Completes a batch in TensorFlow operations alone, for a graph that is served; the shapes are not checked.

        Arguments:
          image: uint8 or uint16 [batch, height, width, channels], 1 to 4 channels, their number known beforehand.
          mask: bool [batch, height, width, 1], true in the hole.
          sketch: like the mask, true on the lines; for guided weights only.

        Returns the completed picture, a tensor of the image's shape and dtype: with `finish` left out, what a call returns.
        """
        inputs = _as_inputs(image, mask, sketch)
        # One network, and one plan, for all that calls them: copies would make the graph slow to load.
        plan_of = tf.function(self._plan_of, autograph=False).get_concrete_function(tf.TensorSpec([None, None], tf.bool))
        network = tf.function(
            lambda *tensors: self._completion_of_batch(*tensors).output,
            autograph=False,
            experimental_attributes={"_noinline": True},
        )
        network = network.get_concrete_function(
            *(tf.TensorSpec([None, None, None, maps.shape[-1]]) for maps in inputs if maps is not None)
        )

        def complete(inputs):
            return tf.ensure_shape(network(*(maps for maps in inputs if maps is not None)), [None, None, None, 3])

        def in_pieces(hole, *photo):
            inputs = Inputs(*(maps[tf.newaxis] for maps in photo))
            made = complete_pieces_in_graph(complete, inputs, plan_of(hole[..., 0]))
            return tf.cond(tf.reduce_any(made.mask > 0), lambda: self._rest(complete, made), lambda: made.image)[0]

        def one_by_one():
            photos = (mask, *(maps for maps in inputs if maps is not None))
            of_one = tf.TensorSpec([None, None, 3])
            return tf.map_fn(lambda photo: in_pieces(*photo), photos, fn_output_signature=of_one, parallel_iterations=1)

        any_pieces = tf.map_fn(lambda hole: takes_pieces(plan_of(hole[..., 0])), mask, fn_output_signature=tf.bool)
        output = tf.cond(tf.reduce_any(any_pieces), one_by_one, lambda: self._rest(complete, inputs))
        return in_the_hole(output, image, mask)

    def _check_finish(self, finish):
        if finish and self.network.finishing is None:
            raise InputError(f"{type(self.network).__name__} of these weights does nothing to finish a picture: leave out finish.")

    def _one_picture(self, image, mask, sketch):
        given = self._understood(image, mask, sketch)
        if len(given.image) > 1:
            raise InputError(f"This takes one picture, not a batch of shape {list(given.image.shape)}.")
        return given

    def _understood(self, image, mask, sketch):
        if (sketch is None) == self.network.takes_sketch:
            raise InputError(
                "These weights complete along a sketch, and none was given: give one, or other weights."
                if sketch is None
                else 'These weights take no sketch: use guided weights, such as "guided", or leave the sketch out.'
            )
        return understood(image, mask, sketch)

    def _plan_of(self, hole):
        return make_plan(self.network, hole, self._hd_strategy, self._working_size)

    def _complete_batch(self, image, mask, sketch=None):
        """Completes a batch as it is; tensors as `complete_tensors` takes them."""
        made = complete_holes(self.network, self._network_inputs(image, mask, sketch))
        return in_the_hole(_cropped(made.output, image), image, mask)

    def _completion_of_batch(self, *inputs):
        """The `Completion` of `Inputs`' tensors, right in the holes."""
        return complete_holes(self.network, Inputs(*inputs))

    def _complete_by_plan(self, progress, chosen, arrays, keep=None):
        """Completes a batch of one, image, mask and perhaps a sketch as a call understands them, by its `ChosenPlan`.

        `keep`, if there is one, is called with what each piece went through: {name: pictures}, and offsets or None.
        """

        def complete(inputs):
            made = _run_any_size(self._completion, [maps for maps in inputs if maps is not None])
            if keep:
                keep((_as_levels(made.stages, inputs, arrays[0].dtype), None if made.offsets is None else made.offsets.numpy()))
            return made.output

        image, *masks = arrays
        inputs = Inputs(by_bands(as_rgb, image), *(marks.astype(np.float32) for marks in masks))
        made = complete_pieces(complete, inputs, chosen.plan, progress)
        output = self._rest(complete, made).numpy() if made.mask.any() else made.image
        return by_bands(in_the_hole, output, image, masks[0])

    def _rest(self, complete, inputs):
        """The picture of `Inputs` whose hole is completed as it is."""
        output = complete(Inputs(*(None if maps is None else crop_mirrored(maps, self._whole(inputs.image)) for maps in inputs)))
        return tf.where(inputs.mask > 0, _cropped(output, inputs.image), inputs.image)

    def _finished(self, given, completed):
        """What was made of `Arguments`, without seams and after the paper's own work on it, if that is wanted."""
        if self._blend != "none":
            photos = zip(given.image, completed, given.mask[..., 0])
            completed = np.stack([blended(self._blend, *photo) for photo in photos])
        if not self._finish:
            return completed
        if completed.dtype != np.uint8:
            raise InputError("Pictures are finished with 8 bits a channel, and this one has 16: leave out finish, or convert it.")
        return finished(self.network.finish, given.image, completed, given.mask)

    def _stages_of_batch(self, image, mask, sketch=None, everywhere=True):
        """{name: pictures}, the completed pictures, and offsets or None; tensors as `complete_tensors` takes them."""
        inputs = self._network_inputs(image, mask, sketch)
        made = complete_holes(self.network, inputs, return_intermediates=everywhere)
        stages = made.stages
        if not everywhere:
            stages = {name: tf.where(inputs.mask > 0, picture, inputs.image) for name, picture in stages.items()}
        stages = {name: to_levels(_cropped(picture, image), image.dtype) for name, picture in stages.items()}
        return stages, in_the_hole(_cropped(made.output, image), image, mask), made.offsets

    def _maps_of_batch(self, image, mask, sketch=None):
        """The same as `layer_maps` for tensors, as `complete_tensors` takes them."""
        return self.network.layer_maps(self._network_inputs(image, mask, sketch), MAP_SIDE)

    def _network_inputs(self, image, mask, sketch):
        """`Inputs` as the network takes them: continued by reflection at the bottom and right."""
        inputs, whole = _as_inputs(image, mask, sketch), self._whole(image)
        return Inputs(*(None if maps is None else crop_mirrored(maps, whole) for maps in inputs))

    def _whole(self, image):
        """The window of the whole picture, up to the next multiples of the network's divisor."""
        size, divisor = tf.shape(image)[1:3], self.network.divisor
        return tf.stack([tf.zeros_like(size), -(-size // divisor) * divisor])


def _check_strategy(hd_strategy, working_size):
    if hd_strategy not in STRATEGIES:
        raise InputError(f"The strategy must be one of {', '.join(STRATEGIES)}, not {hd_strategy}.")
    if working_size is not None and working_size < SMALLEST_WORKING_SIZE:
        raise InputError(f"The working size must be at least {SMALLEST_WORKING_SIZE} pixels, not {working_size}.")


def _as_inputs(image, mask, sketch=None):
    """`Inputs` of the photo's size."""
    return Inputs(as_rgb(image), tf.cast(mask, tf.float32), None if sketch is None else tf.cast(sketch, tf.float32))


def _as_levels(stages, inputs, dtype):
    """Stages of a piece, {name: pictures}, as arrays of a photo's type; outside the hole they are the piece."""
    return {name: to_levels(tf.where(inputs.mask > 0, picture, inputs.image), dtype).numpy() for name, picture in stages.items()}


def _cropped(pictures, image):
    """Pictures cropped to the image's size."""
    height, width = tf.unstack(tf.shape(image)[1:3])
    return pictures[:, :height, :width]


def _one_by_one(array):
    return [array[index : index + 1] for index in range(len(array))]


def _run_any_size(function, arrays):
    """Calls a function with arrays [batch, height, width, channels]; a tf.function is traced once for all batches and sizes."""
    if hasattr(function, "get_concrete_function"):
        specs = [tf.TensorSpec([None, None, None, array.shape[-1]], array.dtype) for array in arrays]
        function = function.get_concrete_function(*specs)
    try:
        return function(*map(tf.constant, arrays))
    except tf.errors.ResourceExhaustedError as error:
        batch, height, width, _ = arrays[0].shape
        of_batch = f", {batch} at once" if batch > 1 else ""
        raise InputError(
            f"There is not enough memory to complete {width}x{height} pixels{of_batch}: crop or reduce the image."
        ) from error
