import importlib.util

import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint import Discriminator, Generator, InputError
from gated_inpaint.models.deepfill_v2 import Trainer
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.types import Batch, Inputs

HAS_ADDONS = importlib.util.find_spec("tensorflow_addons") is not None


def test_adam_is_as_released():
    optimizer = make_optimizer("Adam", 1e-4)
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.5, 0.999, 1e-8)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)
    assert make_optimizer("Adam", 1e-4, beta_2=0.9).beta_2 == 0.9


def test_those_of_keras_need_no_addons():
    optimizer = make_optimizer("AdamW", 1e-3)
    assert isinstance(optimizer, keras.optimizers.AdamW) and optimizer.beta_1 == 0.5
    assert make_optimizer("Adadelta", 1.0).rho == 0.9
    for name in ("Optimizer", "schedules", "get"):
        with pytest.raises(InputError, match=f"--optimizer={name}"):
            make_optimizer(name, 1e-3)


@pytest.mark.skipif(not HAS_ADDONS, reason="TensorFlow Addons exists for TensorFlow 2.15 alone")
@pytest.mark.parametrize("name", ["LAMB", "RectifiedAdam", "NovoGrad"])
def test_optimisers_of_addons_train(name):
    trainer = Trainer(Generator(4), Discriminator(4), Generator(4), *(make_optimizer(name, 1e-3) for _ in range(2)))
    variable = trainer.generator.named_variables()["inpaint_net/allconv17/bias"]
    before = variable.numpy().copy()
    batch = Batch(Inputs(tf.random.stateless_uniform([1, 16, 16, 3], [0, 0], -1, 1), tf.ones([1, 16, 16, 1])))
    tf.function(trainer.step)((batch,), "all")
    assert (variable.numpy() != before).all()


@pytest.mark.skipif(not HAS_ADDONS, reason="TensorFlow Addons exists for TensorFlow 2.15 alone")
def test_what_addons_does_not_have_is_refused():
    with pytest.raises(InputError, match="neither Keras nor TensorFlow Addons has such an optimiser; Addons has .*LAMB"):
        make_optimizer("Best", 1e-3)
    with pytest.raises(InputError, match="cannot be made from a learning rate alone"):
        make_optimizer("MovingAverage", 1e-3)


@pytest.mark.skipif(HAS_ADDONS, reason="Addons is installed")
def test_without_addons_its_optimisers_are_refused():
    with pytest.raises(InputError, match="LAMB: .*TensorFlow Addons, which is not installed"):
        make_optimizer("LAMB", 1e-3)
