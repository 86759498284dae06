"""What all tests share: quiet TensorFlow, and the reference data made with the authors' release (tests/data)."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint import Generator
from gated_inpaint.inference.holes import hole_windows
from gated_inpaint.models.deepfill_v2 import MODEL
from gated_inpaint.types import Inputs
from gated_inpaint.weights import weights_of
from gated_inpaint.weights import write_weights as write_weights_file

# Two logical devices, so that what runs on several can be tested.
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)

DATA = pathlib.Path(__file__).parent / "data"


class Case:
    """One case of a reference file: arrays by name, pictures turned from BGR to RGB."""

    def __init__(self, file, key):
        self.arrays = {name.split("/", 1)[1]: file[name] for name in file.files if name.startswith(f"{key}/")}

    def __getitem__(self, name):
        array = self.arrays[name]
        return array[..., ::-1] if name in ("image", "coarse", "refined", "complete") else array

    def __contains__(self, name):
        return name in self.arrays

    def network_inputs(self):
        """`Inputs`: a mask for each picture, and a sketch if there is one."""
        image = self["image"] / np.float32(127.5) - 1
        mask = np.repeat(self["mask"], len(image), axis=0).astype(np.float32)
        return Inputs(image, mask, self["sketch"].astype(np.float32) if "sketch" in self else None)


@pytest.fixture(scope="session")
def data():
    return DATA


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium through Playwright; `chromium.new_context()` is a browser of its own.

    Skips where there is none. Debian's package is `chromium`; nothing is downloaded here.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="Tests of pages need Playwright: pip install '.[test]'.")
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        pytest.skip("Tests of pages need Chromium on the PATH.")
    # It would look for hosts of its maker.
    quiet = ("gpu", "quic", "background-networking", "component-update", "sync")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy over two devices; one for all tests whose replicas talk to each other inside a step.

    TensorFlow 2.15 numbers their collective operations from the same number in each strategy of a process, and confuses them.
    """
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def cases(name):
    """(key, Case) of every case in a reference file."""
    file = np.load(DATA / name)
    return [(key, Case(file, key)) for key in sorted({name.split("/")[0] for name in file.files})]


def with_random_weights(layer, channels=5):
    """The layer, built for that many channels, with random weights, biases included."""
    layer.build((None, None, None, channels))
    rng = np.random.default_rng(0)
    for variable in layer.variables:
        variable.assign(rng.normal(scale=0.3, size=variable.shape))
    return layer


def random_generator(convolution="gated", width=8, seed=0, **options):
    """A generator whose stages all move the picture: gated kernels and biases scaled as those of the reference data.

    The seed may be a `np.random.Generator`, which goes on.
    """
    generator = Generator(width, convolution=convolution, **options)
    rng, gain = np.random.default_rng(seed), 2.25 if convolution == "gated" else 1.0
    for variable in generator.variables:
        scale = gain / np.sqrt(np.prod(variable.shape[:3])) if len(variable.shape) == 4 else 0.2
        variable.assign(rng.normal(0, scale, variable.shape))
    return generator


def write_weights(generator, path):
    """Writes a generator's weights as a flat file or a TF1 checkpoint; returns the path."""
    write_weights_file(path, weights_of(MODEL, generator))
    return path


def random_features(height=13, width=18, channels=5):
    return tf.constant(np.random.default_rng(1).normal(size=(2, height, width, channels)), tf.float32)


def random_holes(rng, height, width):
    """One to five rectangles anywhere, often in a corner or along a border; bool [1, height, width, 1], never everywhere."""
    mask = np.zeros([1, height, width, 1], bool)
    for _ in range(rng.integers(1, 6)):
        size = [min(rng.integers(1, 100), side) for side in (height, width)]
        begin = [rng.choice([0, rng.integers(0, side - length + 1), side - length]) for side, length in zip((height, width), size)]
        mask[:, begin[0] : begin[0] + size[0], begin[1] : begin[1] + size[1]] = True
    if mask.all():
        mask[:, :1] = False
    return mask


def windows_of(generator, mask, size):
    return hole_windows(mask, lambda windows: generator.windows.multiplications(windows, tf.constant(size)))


def rounding_error(generator, image, mask, expected):
    """By how much the completed picture changes when every pixel changes by half of its last bit, up or down."""
    changes = [np.random.default_rng(seed).choice(np.float32([-6e-8, 6e-8]), image.shape) for seed in range(4)]
    return max(np.abs((generator(Inputs(image + image * change, mask)).composite - expected) * mask).max() for change in changes)


def pytest_addoption(parser):
    parser.addoption("--window-cases", type=int, default=12, help="How many random pictures test_windows.py tries.")


def pytest_generate_tests(metafunc):
    if "window_case" in metafunc.fixturenames:
        metafunc.parametrize("window_case", range(metafunc.config.getoption("--window-cases")))
