"""Answers the driver's questions by the authors' release: python release.py CHECKOUT CHECKPOINT.

For TensorFlow 1.15 and Python 3.7. Their graph for serving is used as their test.py uses it, one for each size of pictures, with
placeholders in the place of constants.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys

import numpy as np
import tensorflow as tf
from lines import serve


class Release:
    def __init__(self, checkout, checkpoint):
        sys.path.insert(0, checkout)
        import neuralgym
        from inpaint_model import InpaintCAModel

        self.config = neuralgym.Config(os.path.join(checkout, "inpaint.yml"))
        self.model, self.checkpoint = InpaintCAModel(), checkpoint
        self.session, self.graphs = tf.Session(), {}

    def graph(self, height, width):
        """The placeholder for image and mask side by side, and the completed picture; the variables are shared."""
        if (height, width) not in self.graphs:
            pair = tf.placeholder(tf.float32, [1, height, 2 * width, 3])
            output = self.model.build_server_graph(self.config, pair, reuse=bool(self.graphs))
            if not self.graphs:
                tf.train.Saver().restore(self.session, self.checkpoint)
            self.graphs[height, width] = pair, tf.saturate_cast((output + 1) * 127.5, tf.uint8)
        return self.graphs[height, width]

    def __call__(self, image, mask):
        """The network's pictures are BGR."""
        pair, completed = self.graph(*mask.shape)
        hole = np.repeat(np.uint8(255) * mask[..., None], 3, axis=2)
        fed = np.concatenate([image[..., ::-1], hole], axis=1)[None]
        return self.session.run(completed, {pair: fed})[0, ..., ::-1]


if __name__ == "__main__":
    serve(Release(*sys.argv[1:]))
