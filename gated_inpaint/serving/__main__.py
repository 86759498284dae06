"""Exports the network to be served (`gated-inpaint export`), and completes photos through a server.

python -m gated_inpaint.serving export --weights places2.npz --output models/gated_inpaint/1
python -m gated_inpaint.serving complete --url http://HOST:8501/v1/models/gated_inpaint --image a.jpg --mask b.png --output c.png
"""

import sys

PROGRAM = "python -m gated_inpaint.serving"


def main(argv):
    name, rest = argv[0] if argv else "", argv[1:]
    if name == "complete":
        from gated_inpaint.commands.complete_by_server import run  # Needs nothing but Python's own library.

        return run(rest, f"{PROGRAM} complete")
    if name == "export":
        from gated_inpaint.commands.main import run

        return run("export", rest, f"{PROGRAM} export")
    if name in ("--help", "-h"):
        print(__doc__.strip())
        return 0
    print(f"{PROGRAM}: error: give export or complete first; --help says more.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
