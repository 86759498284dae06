"""Completes a photo through the editor's server, with nothing but Python's own library.

gated-inpaint edit --nobrowser &
python examples/complete_by_editor.py photo.jpg mask.png completed.jpg
"""

import base64
import json
import pathlib
import sys
import urllib.error
import urllib.request

URL = "http://127.0.0.1:8300/api/v1/complete"


def complete(image, mask, **options):
    """The bytes of the completed picture, in the photo's format; options are those of the command, such as grow_mask=4."""
    files = {name: base64.b64encode(pathlib.Path(path).read_bytes()).decode() for name, path in (("image", image), ("mask", mask))}
    names = {"image_name": pathlib.Path(image).name, "mask_name": pathlib.Path(mask).name}
    body = json.dumps({**files, **names, **options}).encode()
    request = urllib.request.Request(URL, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read()


if __name__ == "__main__":
    photo, hole, output = sys.argv[1:]
    try:
        pathlib.Path(output).write_bytes(complete(photo, hole))
    except urllib.error.HTTPError as error:
        sys.exit(json.load(error)["detail"])
