"""PatchMatch: the hole is rebuilt from patches of the surroundings, found by random search from coarse to fine.

By PyPatchMatch, InvokeAI's library: maintained, MIT, with wheels that carry all they need (another OpenCV would get in the way of
ours), the same result for the same seed, and known pixels left as they are.

Reference: "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing", 2009.
"""

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.methods.method import Method

_PATCH_RADIUS = 3  # Patches of 7x7 pixels, as in the reference.
_SEED = 0


class PatchMatch(Method):
    def __init__(self):
        try:
            import patchmatch
        except ImportError as error:
            raise InputError(
                "The method patchmatch needs PyPatchMatch, for Python 3.11 and later: pip install 'gated_inpaint[baselines]'."
            ) from error
        if not patchmatch.patchmatch_available:
            raise InputError(
                "PyPatchMatch is installed without its compiled library: install a wheel of it, or a C++ compiler first."
            )
        self._library = patchmatch
        side = 2 * _PATCH_RADIUS + 1
        self.description = f"PyPatchMatch {patchmatch.__version__}, patches of {side}x{side}, seed {_SEED}"

    def complete(self, image, mask, key):
        self._library.set_random_seed(_SEED)
        return self._library.inpaint(image, mask, patch_size=_PATCH_RADIUS)
