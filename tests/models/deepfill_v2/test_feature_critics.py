import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from efficientnet_lite_file import write_efficientnet_lite
from tensorflow import keras

from gated_inpaint import Discriminator, Generator, InputError
from gated_inpaint.features import FeatureMap, FeatureNetwork
from gated_inpaint.losses.adversarial import hinge_discriminator_loss, hinge_generator_loss
from gated_inpaint.losses.perceptual import feature_distance
from gated_inpaint.models.deepfill_v2 import Options, Trainer
from gated_inpaint.models.deepfill_v2.feature_critics import FeatureCritics
from gated_inpaint.models.deepfill_v2.training import build
from gated_inpaint.types import Batch, Inputs


class TwoMaps(FeatureNetwork):
    """Means of the picture's blocks as a network."""

    name = "means"
    maps = {"fine": FeatureMap(3, 4), "coarse": FeatureMap(3, 16)}
    default_maps = ("fine", "coarse")

    def __call__(self, pictures, names=None):
        names = self.default_maps if names is None else names
        return {name: tf.nn.avg_pool2d(pictures, self.maps[name].stride, self.maps[name].stride, "SAME") for name in names}


def make_trainer(**changed):
    keras.utils.set_random_seed(0)
    network = TwoMaps()
    adam = [keras.optimizers.Adam(1e-3, 0.5, 0.999, 1e-8) for _ in range(3)]
    networks = Generator(4), Discriminator(4), Generator(4), adam[0], adam[1]
    critics = FeatureCritics(network.maps)
    features = dict(feature_network=network, feature_critics=critics, feature_critics_optimizer=adam[2])
    return Trainer(*networks, **{**features, **changed})


@pytest.fixture(scope="module")
def batch():
    image = tf.image.resize(tf.random.stateless_uniform([2, 3, 3, 3], [0, 1], -1, 1), [32, 32])
    mask = np.zeros([2, 32, 32, 1], np.float32)
    mask[0, 4:9, 4:12] = 1
    mask[1, 20:, 20:] = 1
    return Batch(Inputs(image, tf.constant(mask)))


def test_scores_and_where_the_hole_reaches(batch):
    critics = FeatureCritics(TwoMaps.maps)
    scored = critics(TwoMaps()(batch.inputs.image), batch.inputs.mask)
    assert {name: scores.shape for name, (scores, _) in scored.items()} == {"fine": (2, 8, 8, 1), "coarse": (2, 2, 2, 1)}
    expected = np.zeros([2, 8, 8, 1])
    expected[0, 1:3, 1:3] = 1
    expected[1, 5:, 5:] = 1
    np.testing.assert_array_equal(scored["fine"][1], expected)
    np.testing.assert_array_equal(scored["coarse"][1][..., 0], [[[1, 0], [0, 0]], [[0, 0], [0, 1]]])


def test_heads_are_normalised_and_projections_are_fixed(batch):
    critics, others = FeatureCritics(TwoMaps.maps), FeatureCritics(TwoMaps.maps)
    for name, variable in critics.named_variables().items():
        same = np.array_equal(variable, others.named_variables()[name])
        assert same == (name.endswith("projection/kernel") or name.endswith("bias")), name
    assert not any("projection" in variable.name for variable in critics.trainable_variables)
    maps = TwoMaps()(batch.inputs.image)
    kernel = critics.named_variables()["feature_critics/fine/conv1/kernel"]
    before = critics(maps, batch.inputs.mask)["fine"][0]
    kernel.assign(7 * kernel)
    np.testing.assert_allclose(critics(maps, batch.inputs.mask)["fine"][0], before, rtol=1e-4, atol=1e-6)


def test_magnitude_divides_the_maps(batch):
    maps, mask = TwoMaps()(batch.inputs.image), batch.inputs.mask
    keras.utils.set_random_seed(0)
    plain = FeatureCritics(TwoMaps.maps)(maps, mask)
    keras.utils.set_random_seed(0)
    larger = FeatureCritics(TwoMaps.maps, 6.0)({name: 6.0 * features for name, features in maps.items()}, mask)
    np.testing.assert_allclose(larger["coarse"][0], plain["coarse"][0], rtol=1e-5)


def test_losses_are_of_each_pictures_hole():
    rng = np.random.default_rng(0)
    real, completed = rng.normal(0, 2, (2, 2, 4, 4, 1)).astype(np.float32)
    mask = np.zeros([2, 4, 4, 1], np.float32)
    mask[0, :2, 1], mask[1, 1:] = 1, 1
    means = [
        (np.maximum(1 - real[k][mask[k] == 1], 0).mean() + np.maximum(1 + completed[k][mask[k] == 1], 0).mean()) / 2 for k in (0, 1)
    ]
    np.testing.assert_allclose(hinge_discriminator_loss(real, completed, mask), np.mean(means), rtol=1e-6)
    means = [-completed[k][mask[k] == 1].mean() for k in (0, 1)]
    np.testing.assert_allclose(hinge_generator_loss(completed, mask), np.mean(means), rtol=1e-6)


def test_feature_distance_is_of_unit_vectors():
    maps, others = (
        {"a": tf.constant(one, tf.float32), "b": tf.ones([2, 1, 1, 3])}
        for one in (
            [[[[3.0, 0], [0, 2]]], [[[1, 0], [1, 0]]]],
            [[[[9.0, 0], [0, -1]]], [[[1, 1], [0, 0]]]],
        )
    )
    # Squared distances of "a": 0 and 4; 2 - sqrt(2), and 1 from the vector without length. Of "b": 0.
    np.testing.assert_allclose(feature_distance(maps, others), [1, (3 - np.sqrt(2)) / 4], rtol=1e-5)


def test_a_step_trains_critics_and_generator(batch):
    trainer = make_trainer()
    before = {name: variable.numpy() for name, variable in trainer.feature_critics.named_variables().items()}
    losses = trainer.step((batch,), "all")
    expected = losses["adversarial"] + losses["reconstruction"]
    expected += 0.1 * losses["feature_adversarial"] + 0.5 * losses["feature_matching"]
    np.testing.assert_allclose(losses["generator"], expected, rtol=1e-6)
    for name, variable in trainer.feature_critics.named_variables().items():
        # While no score is beyond 1, a last bias moves real and completed ones alike, which the hinge does not mind: it may rest.
        if not name.endswith("conv3/bias"):
            assert np.array_equal(variable, before[name]) == name.endswith("projection/kernel"), name


@pytest.mark.parametrize("weight", ["feature_critics_weight", "feature_matching_weight"])
def test_each_term_reaches_the_generator(batch, weight):
    gradients = []

    class Recorder:
        def apply_gradients(self, gradients_and_variables):
            gradients.append([gradient.numpy() for gradient, _ in gradients_and_variables])

    for value in (0.0, 10.0):
        trainer = make_trainer(**{"feature_critics_weight": 0.0, "feature_matching_weight": 0.0, weight: value})
        trainer.generator_optimizer = Recorder()
        trainer.step((batch,), "all")
    assert any(np.abs(one - other).max() > 1e-6 for one, other in zip(*gradients))


def test_critics_learn_to_tell_photos_from_completed_pictures(batch):
    trainer = make_trainer(adversarial_weight=0.0)
    trainer.generator_optimizer.learning_rate = 0.0
    one_step = tf.function(lambda: trainer.step((batch,), "all"), autograph=False)
    losses = [float(one_step()["feature_critics"]) for _ in range(15)]
    scores = one_step()
    assert losses[-1] < 0.5 * losses[0]
    assert scores["feature_score_of_photos"] > 0.5 + scores["feature_score_of_completed"]


def test_a_run_from_a_file(tmp_path, batch):
    path = write_efficientnet_lite(tmp_path / "lite0.pth")
    options = Options(width=4, discriminator_width=4, feature_network=str(path), feature_maps="block4,block0", learning_rate=1.0)
    options = dataclasses.replace(options, discriminator_learning_rate=2.0)
    trainer = build(options, "float32")
    assert list(trainer.feature_critics.maps) == ["block0", "block4"] and trainer.feature_critics.magnitude == 6.0
    rates = {name: float(optimizer.learning_rate) for name, optimizer in trainer.optimizers.items()}
    assert rates == {"generator_optimizer": 1.0, "discriminator_optimizer": 2.0, "feature_critics_optimizer": 2.0}
    assert np.isfinite(trainer.step((batch,), "all")["feature_critics"])
    with pytest.raises(InputError, match="--feature_maps: EfficientNet-Lite0 has no map 'block16', only block0, .*block15"):
        build(dataclasses.replace(options, feature_maps="block16"), "float32")


def test_two_replicas_are_one(batch, monkeypatch):
    """Each replica's loss is its share, so the sum over two of the same batch is that of one."""
    trainers = make_trainer(), make_trainer()
    for trainer in trainers:  # Half a gradient alone, which no replica takes, would move Adam a little less than the whole.
        for optimizer in trainer.optimizers.values():
            optimizer.learning_rate = 0.0
    alone = trainers[0].step((batch,), "all")
    monkeypatch.setattr(Trainer, "share", 0.5)
    half = trainers[1].step((batch,), "all")
    for name, value in alone.items():
        np.testing.assert_allclose(2 * half[name], value, rtol=1e-5, err_msg=name)


def test_the_same_file_on_resume(tmp_path):
    path, other = tmp_path / "lite0.pth", tmp_path / "other.pth"
    path.write_bytes(b"a network")
    other.write_bytes(b"another")
    begun = Options(feature_network=str(path)).settled(None)
    assert len(begun.feature_network_md5) == 32
    saved = dataclasses.asdict(begun)
    assert Options(feature_network=str(path)).settled(dict(saved)) == begun
    for options, refused in (
        (Options(feature_network=str(other)), saved),
        (dataclasses.replace(begun, feature_network=str(other)), None),
    ):
        with pytest.raises(InputError, match=f"other.pth has the MD5 .*, and this run needs {begun.feature_network_md5}"):
            options.settled(refused and dict(refused))
    with pytest.raises(InputError, match="are of a network that --feature_network has to name"):
        Options(run_dir="run", data="photos", feature_maps="block2").check()
