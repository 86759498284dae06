import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases

from gated_inpaint import Generator
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network

CASES = [(folder, *case) for folder in ("generator", "generator_guided") for case in cases(f"{folder}/io.npz")]


def pictures(completion):
    """{name: picture} under the names of the reference data."""
    return {**completion.stages, "complete": completion.composite}


def one_of(inputs, index):
    return Inputs(*(None if array is None else array[index : index + 1] for array in inputs))


@pytest.mark.parametrize("folder, key, case", CASES, ids=[f"{folder}-{key}" for folder, key, _ in CASES])
@pytest.mark.parametrize("mode", ["eager", "graph", "one by one"])
def test_agrees_with_the_release(folder, key, case, mode):
    generator = load_network(DATA / folder)
    inputs = case.network_inputs()
    if mode == "one by one":
        singles = [pictures(generator(one_of(inputs, index))) for index in range(len(inputs.image))]
        made = {name: np.concatenate([single[name] for single in singles]) for name in singles[0]}
    elif mode == "graph":
        given = [array for array in inputs if array is not None]
        signature = [tf.TensorSpec([None, None, None, array.shape[-1]]) for array in given]
        made = pictures(tf.function(lambda *arrays: generator(Inputs(*arrays)), input_signature=signature)(*given))
    else:
        made = pictures(generator(inputs))
    for name in ("coarse", "refined", "complete"):
        np.testing.assert_allclose(made[name], case[name], atol=1e-4, err_msg=name)


def test_a_mask_for_every_picture():
    generator = load_network(DATA / "generator")
    case = dict(cases("generator/io.npz"))["104x152"]
    image, mask, _ = case.network_inputs()
    mask[1] = np.roll(mask[1, ::-1], 17, axis=1)
    together = generator(Inputs(image, mask))
    for index in range(2):
        alone = generator(Inputs(image[index : index + 1], mask[index : index + 1]))
        for name, picture in pictures(alone).items():
            np.testing.assert_allclose(pictures(together)[name][index], picture[0], atol=1e-5, err_msg=name)


def test_does_not_see_into_the_hole():
    generator = load_network(DATA / "generator")
    image, mask, _ = dict(cases("generator/io.npz"))["64x64"].network_inputs()
    other = image * (1 - mask) + 0.3 * mask
    np.testing.assert_array_equal(generator(Inputs(image, mask)).composite, generator(Inputs(other, mask)).composite)


def test_uses_the_sketch_inside_the_hole_only():
    generator = load_network(DATA / "generator_guided")
    image, mask, sketch = dict(cases("generator_guided/io.npz"))["64x64"].network_inputs()
    result = generator(Inputs(image, mask, sketch)).composite
    np.testing.assert_array_equal(generator(Inputs(image, mask, np.maximum(sketch, 1 - mask))).composite, result)
    assert np.abs(generator(Inputs(image, mask, np.zeros_like(sketch))).composite - result).max() > 0.01


def test_parameters_as_released():
    assert Generator().count_params() == 4_052_478
    assert len(Generator(8).named_variables()) == len(Generator(8).variables)


def test_bfloat16_is_near_float32():
    exact, mixed = (load_network(precision=precision) for precision in ("float32", "bfloat16"))
    image = tf.image.resize(tf.random.stateless_uniform([1, 8, 8, 3], [0, 0], -1, 1), [64, 64])
    mask = np.zeros([1, 64, 64, 1], np.float32)
    mask[:, 20:40, 24:48] = 1
    result = mixed(Inputs(image, mask)).composite
    assert result.dtype == tf.float32
    assert np.abs(result - exact(Inputs(image, mask)).composite).mean() < 1 / 255


def test_refuses_a_missing_or_needless_sketch():
    image, mask = tf.zeros([1, 8, 8, 3]), tf.zeros([1, 8, 8, 1])
    with pytest.raises(ValueError, match="takes no sketch"):
        Generator(4)(Inputs(image, mask, mask))
    with pytest.raises(ValueError, match="takes a sketch, and none was given"):
        Generator(4, sketch=True)(Inputs(image, mask))
    with pytest.raises(ValueError, match="multiple of 4, not 6"):
        Generator(6)
