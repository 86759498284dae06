"""The interface that every method has."""

import abc


class Method(abc.ABC):
    """Completes pictures. Equal pictures, masks and keys give equal results, in whatever order they come.

    Attributes:
      description: in one line, what it is exactly: with versions, settings, a digest of weights. It is printed with the table, and
        an evaluation is resumed only with methods of equal descriptions.
    """

    description: str

    def check(self, name, keys, size):  # noqa: B027 (most methods can complete anything)
        """Raises InputError if the method, called `name` here, cannot complete all cases of these `protocol.Key`s, [size, size]."""

    def refusal(self, mask):
        """A sentence that says why it cannot complete a hole, bool [size, size]; None if it can. Such a case is not applicable."""
        return None

    @abc.abstractmethod
    def complete(self, image, mask, key):
        """Completes one picture.

        Arguments:
          image: uint8 [size, size, 3], RGB, black in the hole: no method sees what was there.
          mask: bool [size, size], true in the hole; neither empty nor everywhere.
          key: the `protocol.Key` of the case.

        Returns the completed picture, shaped as the image. It is scored as it is, outside the hole, too.

        Raises:
          InputError: the picture cannot be completed.
        """
