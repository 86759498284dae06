"""The bundled example: a photo and a mask to try the network on.

The photo is "Chelsea the cat" by Stefan van der Walt, released under CC0; the mask was drawn for this project.
"""

import pathlib

PHOTO = pathlib.Path(__file__).with_name("photo.png")
MASK = pathlib.Path(__file__).with_name("mask.png")
