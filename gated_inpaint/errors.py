"""The one exception for what a person gave us and we cannot use, and how others' errors are quoted in it."""


class InputError(ValueError):
    """An image, mask, sketch, weights file or option cannot be used. The message says in one line what is wrong and what to do."""


def first_line(error):
    """What an error says, without what TensorFlow adds below."""
    return str(error).split("\n", 1)[0]
