"""Converts weights between the authors' TensorFlow 1 checkpoints and flat .npz files.

    gated-inpaint weights convert release_places2_256/ places2.npz

SOURCE is either: an .npz, or a checkpoint's folder or prefix. TARGET is a name that ends in .npz, or else a checkpoint's prefix, or
an existing folder for it.
"""

from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("convert", "SOURCE", "TARGET")


def define_flags(values, argv):
    pass


def run(values, _, source, target):
    with tensorflow_quiet():
        from gated_inpaint.weights import load_generator, read_arrays, write_arrays
    generator = load_generator(source)  # Checks names and shapes.
    arrays = read_arrays(source)
    write_arrays(arrays, target)
    networks = f"{generator.convolution} generator"
    if any(name.startswith("discriminator/") for name in arrays):
        networks += " and discriminator"
    sketch = "with" if generator.sketch else "without"
    print(f"Wrote {target}: {networks}, base width {generator.width}, {sketch} sketch channel.")
