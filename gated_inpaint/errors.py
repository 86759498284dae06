"""The one exception for what a person gave us and we cannot use."""


class InputError(ValueError):
    """An image, mask, sketch, weights file or option cannot be used. The message says in one line what is wrong and what to do."""
