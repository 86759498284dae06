"""Answers the driver's questions by nipponjo's port to PyTorch: python port.py CHECKOUT WEIGHTS [channels_last].

The port's `networks_tf`, which is the one for the release's weights, run eagerly on the processor; WEIGHTS is this package's .npz.
"""

import sys

import numpy as np
import torch
from lines import serve


class Port:
    def __init__(self, checkout, weights, memory_format="contiguous_format"):
        sys.path.insert(0, checkout)
        from model.networks_tf import Generator

        self.memory_format = getattr(torch, memory_format)
        self.generator = Generator(cnum_in=5, cnum=48).eval()
        # Both lists are in the order of the layers, kernel and bias.
        with np.load(weights) as arrays:
            ours = [arrays[name] for name in arrays.files if arrays[name].ndim]
        ours = [np.transpose(array, [3, 2, 0, 1]) if array.ndim == 4 else array for array in ours]
        names = list(self.generator.state_dict())
        if len(ours) != len(names):
            raise ValueError(f"{weights} has {len(ours)} arrays, and the port's network {len(names)}.")
        self.generator.load_state_dict({name: torch.tensor(array) for name, array in zip(names, ours)})
        self.generator.to(memory_format=self.memory_format)

    @torch.inference_mode()
    def __call__(self, image, mask):
        image = torch.tensor(image).permute(2, 0, 1)[None].float() / 127.5 - 1
        mask = torch.tensor(mask)[None, None].float()
        ones = torch.ones_like(mask)
        given = torch.cat([image * (1 - mask), ones, mask], dim=1)
        _, output = self.generator(given.contiguous(memory_format=self.memory_format), mask)
        completed = image * (1 - mask) + output * mask
        return ((completed[0].permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()


if __name__ == "__main__":
    serve(Port(*sys.argv[1:]))
