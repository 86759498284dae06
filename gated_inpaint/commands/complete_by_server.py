"""Completes a photo through a server's REST interface.

    python -m gated_inpaint.serving complete --url http://HOST:8501/v1/models/NAME --image a.jpg --mask b.png --output c.png

It runs where there is nothing but Python, so the flags are argparse's; flagfiles are read as by the other commands.
"""

import argparse
import pathlib
import sys

from gated_inpaint.commands.streams import unfailing_streams
from gated_inpaint.errors import InputError
from gated_inpaint.serving import client


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message}; --help lists the flags.")


def _parser(program):
    parser = _Parser(prog=program, description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--url", required=True, help="http://HOST:8501/v1/models/NAME")
    parser.add_argument("--image", required=True, help="PNG or JPEG to complete")
    parser.add_argument("--mask", required=True, help="PNG or JPEG of the image's size, white in the hole")
    parser.add_argument("--sketch", help="white lines on black that steer the result inside the hole; for guided weights only")
    parser.add_argument("--output", required=True, help="PNG to write")
    parser.add_argument("--timeout", type=float, default=client.DEFAULT_TIMEOUT, help="seconds; default: %(default)g")
    parser.add_argument("--flagfile", help="file of flags, one a line; # begins a remark")
    return parser


def run(argv, program):
    """Runs the command with these arguments; `program` is what help calls it. Returns the exit status."""
    with unfailing_streams():
        try:
            given = _parser(program).parse_args(_with_flagfiles(argv))
            client.complete(given.url, given.image, given.mask, given.output, given.sketch, given.timeout)
            print(f"Wrote {given.output}.")
        except InputError as error:
            return _fail(program, error)
        except KeyboardInterrupt:
            return _fail(program, "interrupted.")
    return 0


def _fail(program, message):
    print(f"{program}: error: {message}", file=sys.stderr)
    return 1


def _with_flagfiles(argv, within=()):
    """The arguments, each --flagfile=PATH replaced by what is in the file; `within` are the files that these stand in."""
    arguments = []
    rest = iter(argv)
    for argument in rest:
        name, given, path = argument.partition("=")
        if name not in ("--flagfile", "-flagfile"):
            arguments.append(argument)
            continue
        path = path if given else next(rest, "")
        if path in within:
            raise InputError(f"The flagfile {path} names itself.")
        try:
            lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"Cannot read the flagfile {path}: {getattr(error, 'strerror', None) or 'it is no text'}.") from error
        flags = [line.strip() for line in lines if line.strip() and not line.strip().startswith(("#", "//"))]
        arguments += _with_flagfiles(flags, (*within, path))
    return arguments
