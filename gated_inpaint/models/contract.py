"""What each system of the house has to have: a network, a trainer, and a `MODEL` that names them.

A paper is one folder below `gated_inpaint/models/`; its `__init__.py` is the paper's map and holds

    MODEL = Model(name="deepfill_v2", paper="arXiv 1806.03589", network=Generator, options=Options, build=build, ...)

The frame (training, weights, inference, serving, evaluation) knows these three classes and no paper: no loss, no critic, no number.
A training step reads as its paper's algorithm, from top to bottom, in the paper's own folder.

Conventions of pictures, masks and sketches are those of `gated_inpaint.types`.
"""

import dataclasses
import importlib
from typing import Any, Callable, Optional

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.models.added_losses import AddedLosses
from gated_inpaint.models.foreign import ForeignWeights, Imported
from gated_inpaint.models.options import TrainingOptions
from gated_inpaint.types import Batch, Completion, Inputs, Path, as_inputs


def _presets():
    """The weights' room stands above this one; networks come to it by name, when a person asks."""
    return importlib.import_module("gated_inpaint.weights.presets")


class _PresetsOfClass:
    """`Network.presets`: looked up when it is asked for, of the class or of a network."""

    def __get__(self, instance, owner):
        return _presets().presets_of(owner)


class Network(keras.Model):
    """What inference, serving, evaluation and weights files need of a model.

    A subclass makes and builds its layers in its constructor, each as an attribute of its own, so that Keras and TensorFlow's
    checkpoints find them.

    Attributes:
      divisor: height and width that the network takes are multiples of it. Inference continues pictures by reflection.
      takes_sketch: whether it is guided by a sketch.
      picture_size: side of the only pictures that it takes, in pixels; holes in others are completed in square crops of that
        size. None: it takes any.
      hole_size: side of the largest hole that such a crop has in its centre; None: half the crop's.
      training_size: side of the pictures that it was trained on, in pixels, as far as its weights file says: holes far larger
        than their holes were are completed in reduced crops.
      learned_in_training: names in its config that say what it was trained on; a further training may be on something else.
      exportable: whether it can be served: its `inpaint` is a graph of TensorFlow operations. Otherwise it is a loop in Python.
      iterations: steps of such a loop at each of its scales; may be set. None for a network without one.
      watch: function of (steps done, in all, value of what the loop lowers), called at each step; if what it returns is true, the
        loop ends with the best so far. May be set.
      finishing: what `finish` does, in words; None where it does nothing.
      presets: what comes with the package for a class, {name: {"model", "config", "path"}}.
      layer_dtype: name of the Keras policy of its layers, "float32" or "mixed_bfloat16"; a subclass gives it to them.
    """

    divisor: int = 8
    takes_sketch: bool = False
    picture_size: Optional[int] = None
    hole_size: Optional[int] = None
    training_size: int = 256
    learned_in_training: "tuple[str, ...]" = ()
    exportable: bool = True
    iterations: Optional[int] = None
    watch: Optional[Callable[[int, int, float], Optional[bool]]] = None
    finishing: Optional[str] = None
    presets = _PresetsOfClass()

    def __init__(self, dtype=None, **kwargs):
        # The network's own tensors, the pictures, are float32 whatever its layers compute in.
        super().__init__(dtype="float32", **kwargs)
        dtype = keras.mixed_precision.global_policy() if dtype is None else dtype
        self.layer_dtype = getattr(dtype, "name", dtype)

    def call(self, inputs, training=False) -> Completion:
        """Completes `Inputs`, or what `types.as_inputs` takes for them; see `checked_inputs`."""
        raise NotImplementedError

    def checked_inputs(self, inputs) -> Inputs:
        """`Inputs` of what a call was given.

        Raises:
          ValueError: it is no image with a mask; or a sketch is missing, or given to a network without one.
        """
        inputs = as_inputs(inputs)
        if self.takes_sketch != (inputs.sketch is not None):
            raise ValueError(
                "This network takes a sketch, and none was given." if self.takes_sketch else "This network takes no sketch."
            )
        return inputs

    def inpaint(self, inputs: Inputs) -> Completion:
        """Completes inputs of any size that `divisor` divides, as the paper does it when nothing is trained.

        A network that has learned one hole, in the middle, is told of that one, whatever part of it is to be filled.
        """
        if self.hole_size is None or self.picture_size is None:
            return self(inputs)
        image, mask, sketch = self.checked_inputs(inputs)
        mask = tf.cast(mask, tf.float32)
        box = _box_in_the_middle(tf.shape(mask)[1:3], self.hole_size / self.picture_size)
        completion = self(Inputs(image, tf.maximum(mask, box), sketch))
        return completion._replace(composite=completion.output * mask + image * (1.0 - mask))

    def refusal(self, size: "tuple[int, int]", hole: np.ndarray) -> Optional[str]:
        """A sentence that says why a hole, bool [height, width] in a picture of that size, cannot be completed; None if it can."""
        return None

    def finish(self, photo: np.ndarray, completed: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The paper's work on the completed picture, uint8 [height, width, 3] like the photo, mask bool [height, width]."""
        return completed

    @property
    def windows(self):
        """Exact completion near the holes alone, see `inference.holes.Windows`; None where a network has to see it all."""
        return None

    def layer_maps(self, inputs: Inputs, longest_side: Optional[int] = None) -> "dict[str, tf.Tensor]":
        """What some layers let through, to be looked at: {name: float32 [batch, height, width, channels] in [0, 1]}.

        Names are "gates_LAYER" (1 is open) or "mask_LAYER" (1 is the hole).
        """
        return {}

    def get_config(self) -> "dict[str, Any]":
        """What the constructor takes, as JSON; but for name and dtype it stands in every weights file and rebuilds the network."""
        return {"name": self.name, "dtype": self.layer_dtype}

    def describe(self) -> str:
        """The network in a few words, for people."""
        settings = {name: value for name, value in self.get_config().items() if name not in ("name", "dtype")}
        return ", ".join([type(self).__name__, *(f"{name} {value}" for name, value in settings.items())])

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)

    @classmethod
    def from_preset(cls, preset: Path, precision: str = "float32") -> "Network":
        """The network of a preset: a name in `presets`, a folder that `save_to_preset` wrote, or "hf://owner/name".

        Raises:
          InputError: there is no such preset, or it is of another class.
        """
        return _presets().load_preset(preset, precision, cls)

    def save_to_preset(self, folder: Path) -> None:
        """Writes config and weights to a folder that both Keras 2 and 3 read; see `weights.presets`. Raises InputError."""
        _presets().save_preset(self, folder)

    def named_variables(self) -> "dict[str, tf.Variable]":
        """The variables by their names in the authors' files, as weights files and checkpoints hold them."""
        raise NotImplementedError


def _box_in_the_middle(size, share):
    """A mask, [height, width, 1], whose hole is that share of both sides."""
    rows, columns = (
        tf.abs(2 * tf.range(side) + 1 - side) < tf.cast(share * tf.cast(side, tf.float32), tf.int32) for side in tf.unstack(size)
    )
    return tf.cast(rows[:, tf.newaxis] & columns, tf.float32)[..., tf.newaxis]


class Trainer(tf.Module):
    """One step of a paper's training, and all that it changes; made, and called, under a distribution strategy or none.

    Arguments:
      networks: {name: network} of all that trains, each with `named_variables()`; "generator" is the one that completes, and
        "ema_generator", where there is one, its exponential moving average, which inference uses.
      optimizers: {name: (Keras optimiser, the variables that it trains)}.

    Attributes:
      batches_per_step: how many fresh batches `step` is given; DeepFill v1 takes five for its critics and one for its generator.
      added_losses: what options add to the losses of a step; set by the frame.
      step_counter: int64 variable, counted by the frame.
    """

    batches_per_step: int = 1
    added_losses: Optional[AddedLosses] = None

    def __init__(self, networks, optimizers):
        super().__init__()
        self.networks = networks
        self.optimizers = {name: optimizer for name, (optimizer, _) in optimizers.items()}
        for optimizer, variables in optimizers.values():
            # Built now, so that a checkpoint finds their variables. Those of Addons build themselves, and are restored then.
            if hasattr(optimizer, "build"):
                optimizer.build(variables)
        self.step_counter = tf.Variable(0, dtype=tf.int64, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

    def steps_done(self) -> int:
        """How many steps were made."""
        return int(tf.convert_to_tensor(self.step_counter))

    @property
    def completing_network(self) -> Network:
        """The network whose weights are validated, saved and used: the EMA where there is one."""
        return self.networks.get("ema_generator", self.networks["generator"])

    def prepare(self, examples: tf.data.Dataset) -> None:
        """Called once before the first step of a new run, with every example of the data once: for statistics such as a mean."""

    def phase(self, step: int) -> str:
        """The name of the phase that a step, counted from 1, belongs to; `step` is traced once for each."""
        return "all"

    def step(self, batches: "tuple[Batch, ...]", phase: str) -> "dict[str, tf.Tensor]":
        """Trains on one replica's share of `batches_per_step` batches.

        Returns {name: float32 scalar} to be shown and logged, this replica's share of each: summed over the replicas they are
        those of the whole batch.
        """
        raise NotImplementedError

    # Tools for steps.

    @property
    def share(self) -> float:
        """Of the global batch, a replica's; losses are multiplied by it, so that sums over replicas are means over the batch."""
        return 1.0 / tf.distribute.get_replica_context().num_replicas_in_sync

    def with_added_losses(self, loss, batch, completion) -> "tuple[tf.Tensor, dict[str, tf.Tensor]]":
        """The loss of the completing network with what options add to it, and {name: scalar} of that, to be returned by the step.

        Called under the network's tape, with the `Completion` that it made of the batch's inputs.
        """
        if self.added_losses is None:
            return loss, {}
        made = self.added_losses(batch.inputs.image, batch.inputs.mask, completion)
        parts = {name: part * self.share for name, part in made.items()}
        return loss + tf.add_n([self.added_losses.weights[name] * part for name, part in parts.items()]), parts

    def minimise(self, optimizer, loss, tape, variables) -> None:
        """One step of an optimiser down the gradients of a loss."""
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    def update_ema(self, decay: float) -> None:
        """Moves "ema_generator" towards "generator"; early in a run by a decay of (1 + step) / (10 + step) if that is less."""
        step = tf.cast(self.step_counter, tf.float32)
        rest = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
        for ema, variable in zip(self.networks["ema_generator"].variables, self.networks["generator"].variables):
            ema.assign_add(rest * (tf.convert_to_tensor(variable) - tf.convert_to_tensor(ema)))


@dataclasses.dataclass(frozen=True)
class Model:
    """A system: one `MODEL` a folder.

    Attributes:
      name: the folder's, or for a model of one's own its module's; what `--model` takes and weights files say.
      paper: title, or number at arXiv.
      network, options: a `Network` and a `TrainingOptions`, classes; the options' defaults are the paper's.
      build: function of options and a Keras dtype to a `Trainer`; called under the strategy's scope, with the seed set.
      recognise: function of {variable: shape} of a file of the authors', or of ours before files named their model, to the
        network's config, or None if it is another's. Raises InputError for a file of this model that cannot be used, saying why.
      picture_axes: {variable: axis} of the picture's channels where the authors' TensorFlow 1 checkpoints are BGR, the first one
        in every such checkpoint; empty for a model without them.
      assemble: for a model whose weights are others' together, see `gated-inpaint weights --help`: function of another model's
        name, its network with weights, the path of a pretrained network, and {setting: value}, to a network. None for any other.
      widen: function of its network to one of twice the width that completes alike, or None.
      importer: function of what a Torch7 or PyTorch file holds to the model's arrays and config, or None if it is another's; see
        `models.foreign`. None for a model that is read from no such file.
    """

    name: str
    paper: str
    network: "type[Network]"
    options: "type[TrainingOptions]"
    build: Callable[[TrainingOptions, str], Trainer]
    recognise: Callable[["dict[str, tuple[int, ...]]"], Optional[dict]]
    picture_axes: "dict[str, int]" = dataclasses.field(default_factory=dict)
    importer: Optional[Callable[[ForeignWeights], Optional[Imported]]] = None
    assemble: Optional[Callable[..., Network]] = None
    widen: Optional[Callable[[Network], Network]] = None
