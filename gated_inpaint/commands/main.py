"""`gated-inpaint`, and what every other main runs: finds a subcommand's module, parses its flags, runs it.

The exit status is 0 if all went well, and 1 if anything was wrong, which is then said in one line on stderr.
"""

import importlib
import sys

import gated_inpaint
from gated_inpaint.commands.streams import unfailing_streams
from gated_inpaint.errors import InputError

try:
    from gated_inpaint.commands.parsing import did_you_mean, help_text, parse
except ModuleNotFoundError as error:  # The clone is here, and Python is not that of the environment.
    missing = f"{sys.executable} has no {error.name}"
    sys.exit(f"gated_inpaint: error: {missing}: activate the environment, or pip install . in the clone.")

COMMANDS = ("complete", "edit", "train", "train_report", "evaluate", "export", "weights", "data", "study")


def main(argv=None):
    """Runs `gated-inpaint` with these arguments, by default the process's own; returns the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    with unfailing_streams():
        if not argv or argv[0] in ("--help", "-h", "help"):
            print(_overview())
            return 0
        if argv[0] == "--version":
            print(f"gated-inpaint {gated_inpaint.__version__}")
            return 0
        if argv[0] not in COMMANDS:
            return _fail("gated-inpaint", f"there is no command {argv[0]}{did_you_mean(argv[0], COMMANDS)} --help lists them.")
    return run(argv[0], argv[1:], f"gated-inpaint {argv[0]}")


def run(name, argv, program):
    """Runs a subcommand.

    Arguments:
      name: one of COMMANDS.
      argv: what it is given.
      program: what messages and help call it.

    Returns the exit status.
    """
    command = importlib.import_module(f"gated_inpaint.commands.{name}")
    with unfailing_streams():
        try:
            parsed = parse(command, argv)
            if parsed is None:
                print(help_text(command, name, program, argv))
            else:
                values, arguments = parsed
                command.run(values, *arguments)
        except InputError as error:
            return _fail(program, error)
        except KeyboardInterrupt:
            return _fail(program, "interrupted.")
    return 0


def _overview():
    commands = {name: importlib.import_module(f"gated_inpaint.commands.{name}") for name in COMMANDS}
    lines = ["Usage: gated-inpaint COMMAND [--FLAG=VALUE ...]", "", "Fills holes in photos, and trains the networks that do.", ""]
    lines += [f"  {name:<14}{command.__doc__.splitlines()[0]}" for name, command in commands.items()]
    return "\n".join([*lines, "", "gated-inpaint COMMAND --help says more of one."])


def _fail(program, message):
    print(f"{program}: error: {message}", file=sys.stderr)
    return 1
