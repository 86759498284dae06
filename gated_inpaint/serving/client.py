"""Completes a photo through TensorFlow Serving's REST interface. Python's own library is all it needs: no TensorFlow, no numpy."""

import base64
import http.client
import json
import pathlib
import re
import socket
import time
import urllib.error
import urllib.request

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole

DEFAULT_TIMEOUT = 60.0
LONGEST_TIMEOUT = 86400.0

_PNG_START = b"\x89PNG\r\n\x1a\n"
_LONGEST_REMARK = 300


def complete(url, image, mask, output, sketch=None, timeout=DEFAULT_TIMEOUT):
    """Sends a photo and its mask to a server and writes what comes back.

    Arguments:
      url: of the model, http://HOST:8501/v1/models/NAME, or of a version, .../versions/NUMBER.
      image, mask, sketch: paths of PNG or JPEG files of one size; a sketch for guided weights only.
      output: path of the PNG to write; complete, or as it was before.
      timeout: seconds for the whole exchange.

    Raises:
      InputError: a file cannot be read or written; the server cannot be reached, does not answer in time, refuses the request (with
        its words), or answers with something else than a PNG.
    """
    output = pathlib.Path(output)
    if output.suffix.lower() != ".png":
        raise InputError(f"Results are PNG: the output {output} must end in .png.")
    if not output.absolute().parent.is_dir():
        raise InputError(f"The output folder {output.absolute().parent} does not exist: make it first.")
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise InputError(f"The timeout must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds, not {timeout:g}.")
    paths = {"image": image, "mask": mask, **({} if sketch is None else {"sketch": sketch})}
    for path in paths.values():
        if pathlib.Path(path).resolve() == output.resolve():
            raise InputError(f"The output {output} would replace an input: choose another name.")
    files = {f"{name}_bytes": {"b64": base64.b64encode(_read(path)).decode()} for name, path in paths.items()}

    answer = _post(_predict_url(url), json.dumps({"instances": [files]}).encode(), timeout)
    try:
        png = base64.b64decode(json.loads(answer)["predictions"][0]["b64"], validate=True)
    except (ValueError, LookupError, TypeError):
        png = b""
    if not png.startswith(_PNG_START):
        raise InputError(f"{url} answered, but not with a completed picture: is it the URL of a gated_inpaint model?")
    write_whole(output, png)


def _predict_url(url):
    if not re.match("https?://[^/?#]+/v1/models/[^/:?#]+", url):
        raise InputError(f"The URL must be that of a model, http://HOST:8501/v1/models/NAME, not {url}.")
    return url.rstrip("/") + ":predict"


def _post(url, body, timeout):
    """The body of the answer to a POST request of JSON."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Not by way of what the environment names.
    deadline = time.monotonic() + timeout
    answer = b""
    try:
        with opener.open(request, timeout=timeout) as response:
            while piece := response.read1():
                answer += piece
                if time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise http.client.IncompleteRead(answer, response.length)
        return answer
    except urllib.error.HTTPError as error:
        raise InputError(f"{url} refused the request ({error.code} {error.reason}): {_remark(error)}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, (TimeoutError, socket.timeout)):  # The same from Python 3.10 on.
            raise InputError(f"{url} did not answer within {timeout:g} seconds: --timeout allows more.") from error
        said = getattr(reason, "strerror", None) or " ".join(str(reason).split()) or type(reason).__name__
        raise InputError(f"{url} cannot be reached, or broke off: {said}.") from error
    except ValueError as error:  # A port that is no number, say.
        raise InputError(f"{url} is not a URL that can be used: {error}.") from error


def _remark(error):
    """What the server says of an error, in one line: its own sentence where it is one of the model's."""
    try:
        body = error.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return "it broke off before it said why."
    try:
        remark = str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        remark = body
    sentence = re.search(r"assertion failed: \[(.+?)\]", remark)
    if sentence:
        return sentence.group(1)
    remark = " ".join(remark.split())
    return remark if len(remark) <= _LONGEST_REMARK else remark[:_LONGEST_REMARK] + "..."


def _read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
