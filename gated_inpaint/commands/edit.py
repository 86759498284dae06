"""Opens the editor: a photo in the browser, a brush over what should go.

    gated-inpaint edit photo.jpg
    gated-inpaint edit photos/
    gated-inpaint edit --nobrowser --host=0.0.0.0 --token=SECRET

A small server on this machine shows the page and does the work; nothing leaves the machine. The same server completes photos for
other programs: POST /api/v1/complete, described at /api/v1/openapi.json. Control and C ends it.
"""

import importlib.util
import os
import pathlib
import sys
import webbrowser

from absl import flags

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("PHOTO...",)

_NEEDED = ("starlette", "uvicorn", "python_multipart")


def define_flags(values, argv):
    def number(name, default, help, define=flags.DEFINE_float):
        define(name, default, help, flag_values=values)

    weights = "What `gated-inpaint complete` takes; several times for several to choose from."
    flags.DEFINE_multi_string("weights", ["default", "guided"], weights, flag_values=values)
    precision = "bfloat16: faster where the processor has it, slightly less exact."
    flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], precision, flag_values=values)
    flags.DEFINE_bool("browser", True, "Open the page in the browser.", flag_values=values)
    flags.DEFINE_string(
        "host", "127.0.0.1", "Address to listen on; any other than this machine's own needs --token.", flag_values=values
    )
    number("port", 8300, "Port to listen on; 0: any that is free.", flags.DEFINE_integer)
    flags.DEFINE_string("token", None, "A word of 8 letters or more that whoever uses the server has to know.", flag_values=values)
    number("max_megapixels", 100, "Refuse images with more million pixels than this.")
    number("max_upload_megabytes", 256, "Refuse requests with more million bytes than this.")
    number("max_held_megabytes", 2048, "Million bytes of photos and results to keep in memory.")
    number("max_queue", 16, "Photos that may wait or run at once; more are refused for the while.", flags.DEFINE_integer)


def run(values, *sources):
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError("the editor needs its extra: pip install 'gated_inpaint[editor]'.")
    if len(sources) > 1:
        raise InputError(f"unexpected argument {sources[1]}: give one photo, or one folder of photos.")
    chosen = {name: values[name].value for name in values}
    is_shown, weights = chosen.pop("browser"), chosen.pop("weights")
    from gated_inpaint.editor.options import EditorOptions

    options = EditorOptions(pathlib.Path(sources[0]) if sources else None, tuple(weights), **chosen)
    options.check()
    print("Loading ...", flush=True)
    with tensorflow_quiet():
        from gated_inpaint.editor.server import EditorServer

    server = EditorServer(options)
    # It listens already: the browser waits until it answers.
    print(f"The editor is at {server.url} (Control and C ends it).", flush=True)
    if is_shown:
        webbrowser.open(server.url)
    if not server.run():
        # A network computes on, and nobody waits for it: Python would, or break it off loudly.
        sys.stdout.flush()
        os._exit(0)
