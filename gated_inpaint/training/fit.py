"""Keras' own loop around a paper's training step, for those who want `compile` and `fit` and their callbacks.

    trainer = MODEL.build(MODEL.options(steps=1000).settled(None), "float32")
    model = TrainedByFit(trainer)
    model.compile()
    model.fit(dataset, epochs=3)  # Of (image, mask) or {"image": ..., "mask": ...}, as `types.as_inputs` takes them.
    trainer.completing_network.save("generator.keras")

`training.loop` does more: it resumes exactly, and draws the masks.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.types import Batch, as_inputs


class TrainedByFit(keras.Model):
    """A Keras model whose `train_step` is a trainer's.

    Arguments:
      trainer: a `Trainer` whose steps are all of one phase and need no box. If a step takes several batches, what `fit` gives is
        split into that many.

    Call it as its completing network. `fit` shows the trainer's scalars.

    Raises:
      ValueError: the trainer has phases.
    """

    def __init__(self, trainer, **kwargs):
        super().__init__(**kwargs)
        self.phase = trainer.phase(1)
        if trainer.phase(2**60) != self.phase:
            raise ValueError(f"{type(trainer).__name__} trains in phases, which `fit` cannot tell apart: use training.loop.train.")
        self.trainer = trainer
        for name, network in trainer.networks.items():  # So that Keras finds their variables.
            setattr(self, name, network)

    def call(self, inputs, training=False):
        return self.trainer.completing_network(inputs)

    def train_step(self, data):
        if isinstance(data, tuple) and len(data) == 1:  # fit(x=...) rather than a dataset.
            data = data[0]
        parts = self.trainer.batches_per_step
        split = [[None] * parts if tensor is None else tf.split(tensor, parts) for tensor in as_inputs(data)]
        batches = tuple(Batch(as_inputs(list(part))) for part in zip(*split))
        scalars = self.trainer.step(batches, self.phase)
        self.trainer.step_counter.assign_add(1)
        return scalars
