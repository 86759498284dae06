import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint import InputError
from gated_inpaint.evaluation.perceptual import Features, FidFeatures, Lpips, frechet_distance


def save_network(path, function, inputs):
    module = tf.Module()
    module.weight = tf.Variable(3.0)
    module.call = tf.function(
        lambda *pictures: {"out": function(module.weight, *pictures)},
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, f"picture_{number}") for number in range(inputs)],
    )
    tf.saved_model.save(module, str(path), signatures=module.call)
    return str(path)


def save_maps(path):
    """A network with two maps of the picture's size and one of half of it, each a function of the picture anyone can compute."""
    module = tf.Module()
    module.call = tf.function(
        lambda picture: {"a": picture[..., :2], "b": 2 * picture + 3, "c": picture[:, ::2, ::2, 1:]},
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)],
    )
    tf.saved_model.save(module, str(path), signatures=module.call)
    return str(path)


def pictures(number):
    return list(np.random.default_rng(number).integers(0, 256, (number, 8, 8, 3), np.uint8))


def exactly_with(mean, covariance):
    """Features of exactly this mean and covariance."""
    noise = np.random.default_rng(0).normal(size=(50, len(mean)))
    noise -= noise.mean(axis=0)
    whitened = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


def test_distance_of_gaussians_whose_covariances_commute():
    ones, others = exactly_with([1.0, 2, 3], np.diag([1.0, 4, 9])), exactly_with([2.0, 2, 5], np.diag([4.0, 1, 25]))
    expected = 1 + 4 + (1 - 2) ** 2 + (2 - 1) ** 2 + (3 - 5) ** 2
    np.testing.assert_allclose(frechet_distance(ones, others), expected, rtol=1e-9)


def test_distance_of_gaussians_whose_covariances_do_not_commute():
    covariance, other = np.array([[2.0, 1], [1, 3]]), np.array([[5.0, -2], [-2, 1]])
    # The trace of the root of a 2x2 matrix M is the root of tr M + 2 sqrt(det M).
    product = covariance @ other
    trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = 25 + np.trace(covariance) + np.trace(other) - 2 * trace
    ones, others = exactly_with([0, 0], covariance), exactly_with([3, 4], other)
    np.testing.assert_allclose(frechet_distance(ones, others), expected, rtol=1e-9)
    np.testing.assert_allclose(frechet_distance(others, ones), expected, rtol=1e-9)


def test_distance_with_fewer_pictures_than_features():
    features = np.random.default_rng(0).normal(size=(5, 30))
    np.testing.assert_allclose(frechet_distance(features, features), 0, atol=1e-6)
    np.testing.assert_allclose(frechet_distance(features, features + 2), 30 * 4, rtol=1e-6)
    with pytest.raises(InputError, match="at least two pictures"):
        frechet_distance(features[:1], features)


def test_features_by_a_saved_model(tmp_path):
    path = save_network(tmp_path / "network", lambda weight, picture: weight * tf.reduce_mean(picture, axis=[1, 2]), inputs=1)
    some = pictures(3)
    np.testing.assert_allclose(FidFeatures(path)(some), 3 * np.mean(some, axis=(1, 2)), rtol=1e-5)


def test_features_by_a_frozen_graph_that_is_fed_behind_its_first_operations(tmp_path):
    with tf.Graph().as_default() as graph:
        picture = tf.compat.v1.placeholder(tf.float32, [299, 299, 3], "Cast")
        batch = tf.expand_dims(picture, 0, name="ExpandDims")
        tf.reduce_mean(batch - 128.0, axis=[1, 2], keepdims=True, name="pool_3")
    path = tmp_path / "inception.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    some = pictures(3)
    np.testing.assert_allclose(FidFeatures(str(path))(some), np.mean(some, axis=(1, 2)) - 128, atol=1e-4)


def test_lpips_network_is_given_pictures_from_minus_one_to_one(tmp_path):
    def distance(weight, one, other):
        return weight * tf.reduce_mean(tf.abs(one - other), axis=[1, 2, 3], keepdims=True)

    lpips = Lpips(save_network(tmp_path / "network", distance, inputs=2))
    one, other = pictures(2)
    np.testing.assert_allclose(lpips(one, other), 3 * np.abs(one.astype(float) - other).mean() / 127.5, rtol=1e-5)
    assert lpips(one, one) == 0


def test_perceptual_distance_is_of_directions_at_the_last_map_of_each_size(tmp_path):
    features = Features(save_maps(tmp_path / "network"))
    assert features.maps == ["b", "c"]
    one, other = pictures(2)
    distances = []
    for scale, shift, cut in ((2, 3, np.s_[:]), (1, 0, np.s_[::2, ::2, 1:])):
        vectors = [scale * (picture / 127.5 - 1)[cut] + shift for picture in (one, other)]
        directions = [vector / np.linalg.norm(vector, axis=-1, keepdims=True) for vector in vectors]
        distances.append(((directions[0] - directions[1]) ** 2).sum(axis=-1).mean())
    np.testing.assert_allclose(features(one, other), np.mean(distances), rtol=1e-4)
    assert features(one, one) == 0


def test_means_of_maps(tmp_path):
    some = pictures(3)
    means = Features(save_maps(tmp_path / "network")).means(some)
    assert list(means) == ["b", "c"] and means["b"].dtype == np.float64
    np.testing.assert_allclose(means["b"], 2 * (np.mean(some, axis=(1, 2)) / 127.5 - 1) + 3, rtol=1e-5)
    np.testing.assert_allclose(means["c"], np.mean(np.array(some)[:, ::2, ::2, 1:], axis=(1, 2)) / 127.5 - 1, atol=1e-5)


def test_networks_that_cannot_be_used(tmp_path):
    single = save_network(tmp_path / "single", lambda weight, picture: weight * picture[..., 0], inputs=1)
    double = save_network(tmp_path / "double", lambda weight, one, other: weight * (one - other), inputs=2)
    plain = tf.Module()
    tf.saved_model.save(plain, str(tmp_path / "plain"))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/saved_model.pb").write_bytes(b"nothing")
    (tmp_path / "damaged.pb").write_bytes(b"nothing")
    with tf.Graph().as_default() as graph:
        tf.compat.v1.placeholder(tf.float32, [], "pictures")
    (tmp_path / "other.pb").write_bytes(graph.as_graph_def().SerializeToString())
    for action, words in (
        (lambda: Lpips(single), "takes 1 tensors; it must take 2"),
        (lambda: FidFeatures(double), "takes 2 tensors; it must take 1"),
        (lambda: Lpips(double)(*pictures(2)), "gives 192 numbers for two pictures"),
        (lambda: FidFeatures(save_maps(tmp_path / "maps")), "gives 3 tensors; it must give 1"),
        (lambda: FidFeatures(str(tmp_path)), "is no SavedModel"),
        (lambda: FidFeatures(str(tmp_path / "plain")), "no signature serving_default"),
        (lambda: FidFeatures(str(tmp_path / "damaged")), "cannot be read"),
        (lambda: FidFeatures(str(tmp_path / "damaged.pb")), "is no frozen graph"),
        (lambda: FidFeatures(str(tmp_path / "other.pb")), "is no frozen graph"),
        (lambda: FidFeatures(str(tmp_path / "nowhere.pb")), "No such file"),
    ):
        with pytest.raises(InputError) as caught:
            action()
        assert words in str(caught.value)
    sized = tf.Module()
    signature = [tf.TensorSpec([None, 9, 9, 3], tf.float32)]
    sized.call = tf.function(lambda picture: {"out": tf.reduce_mean(picture, axis=[1, 2])}, input_signature=signature)
    tf.saved_model.save(sized, str(tmp_path / "sized"), signatures=sized.call)
    with pytest.raises(InputError, match=r"takes tensors of shape \(None, 9, 9, 3\), and the pictures are \[1, 8, 8, 3\]"):
        FidFeatures(str(tmp_path / "sized"))(pictures(1))


@pytest.mark.parametrize(
    "features, words",
    [
        (lambda weight, picture: tf.reshape(picture, [243]), r"cannot be given pictures of shape \[1, 8, 8, 3\]"),
        (lambda weight, picture: weight / (picture - picture), "no finite numbers"),
        (lambda weight, picture: tf.as_string(picture), "no finite numbers"),
        (lambda weight, picture: tf.boolean_mask(picture, picture > 100.0), r"gives \d+ features of one picture, \d+ of another"),
    ],
)
def test_networks_whose_output_is_of_no_use(tmp_path, features, words):
    network = FidFeatures(save_network(tmp_path / "network", features, inputs=1))
    with pytest.raises(InputError, match=words):
        network(pictures(3))


def test_descriptions_tell_networks_from_others(tmp_path):
    descriptions = []
    for function in (tf.add, tf.multiply):
        path = save_network(tmp_path / "network", function, inputs=1)
        descriptions.append(FidFeatures(path).description)
    assert descriptions[0] != descriptions[1] and all(one.startswith(f"{path} (sha256 ") for one in descriptions)
