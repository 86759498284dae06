"""L-BFGS without a line search: each step is as long as its own estimate of the curvature says.

With a line search, as scipy's, it takes other steps. This is `torch.optim.LBFGS(lr=1, history_size=25, tolerance_grad=0,
tolerance_change=0)`, and Torch7's `optim.lbfgs` as the authors call it.

Reference: Nocedal, Wright, "Numerical Optimization", algorithm 7.4.
"""

import collections

import tensorflow as tf

HISTORY = 25
LEAST_CURVATURE = 1e-10  # Of a step and its change of the gradient, whose product it is, to be kept.


class LBFGS:
    """The state of one minimisation.

    Arguments:
      history: how many of the last steps it remembers.
    """

    def __init__(self, history=HISTORY):
        self._pairs = collections.deque(maxlen=history)  # (step, change of the gradient, 1 / their product), oldest first.
        self._scale, self._step, self._gradient = 1.0, None, None

    def next_point(self, point, gradient):
        """Where to go from a point.

        Arguments:
          point, gradient: tensors of one shape and dtype; the point must be that which the last call returned.

        Returns the next point, or None if the direction leads upwards: then it is at its end.
        """
        if self._gradient is not None:
            change = gradient - self._gradient
            product = tf.reduce_sum(change * self._step)
            if product > LEAST_CURVATURE:
                self._pairs.append((self._step, change, 1.0 / product))
                self._scale = product / tf.reduce_sum(tf.square(change))
        direction = -self._times_inverse_hessian(gradient)
        if tf.reduce_sum(gradient * direction) > 0.0:
            return None
        is_first = self._gradient is None
        self._step = direction * tf.minimum(1.0, 1.0 / tf.reduce_sum(tf.abs(gradient))) if is_first else direction
        self._gradient = gradient
        return point + self._step

    def _times_inverse_hessian(self, vector):
        shares = []
        for step, change, inverse in reversed(self._pairs):
            shares.append(inverse * tf.reduce_sum(step * vector))
            vector -= shares[-1] * change
        vector *= self._scale
        for (step, change, inverse), share in zip(self._pairs, reversed(shares)):
            vector += step * (share - inverse * tf.reduce_sum(change * vector))
        return vector
