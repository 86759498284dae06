"""Flags of one command: absl's, with flagfiles, in values of their own, so that several commands can run in one process."""

import difflib
import inspect
import re
import textwrap

from absl import flags

from gated_inpaint.errors import InputError

_HELP = ("--help", "-help", "-h", "--helpfull", "--helpshort")
_WIDTH = 100


def parse(command, argv):
    """Parses what a command was given.

    Arguments:
      command: a command's module.
      argv: what stands behind its name, flagfiles included.

    Returns (`absl.flags.FlagValues`, [other arguments]); None if help is asked for.

    Raises:
      InputError: a flag or argument is not one of the command's, or its value cannot be used.
    """
    if any(argument in _HELP for argument in argv):
        return None
    values = _defined(command, argv)
    try:
        arguments = values(["command", *argv])[1:]
    except flags.UnrecognizedFlagError as error:
        name = error.flagname
        raise InputError(f"there is no flag --{name}{did_you_mean(name, list(values), '--')} --help lists them.") from error
    except flags.Error as error:
        raise InputError(_in_words(str(error))) from error
    except UnicodeDecodeError as error:
        raise InputError("a flagfile is no text in UTF-8.") from error
    _check_arguments(command.ARGUMENTS, arguments)
    return values, arguments


def first_value(name, default, argv):
    """The value of one string flag, before it is known which others there are; `argv` as for `parse`."""
    values = flags.FlagValues()
    flags.DEFINE_string(name, default, "", flag_values=values)
    try:
        values(["command", *argv], known_only=True)
    except (flags.Error, UnicodeDecodeError):
        return default  # `parse` will say what is wrong.
    return values[name].value


def required(values, *names):
    """Raises InputError if a flag that is needed was not given."""
    for name in names:
        if values[name].value is None:
            raise InputError(f"--{name} is needed.")


def help_text(command, name, program, argv):
    """All that a person has to know of a command called `name`, run as `program`."""
    values = _defined(command, argv)
    usage = " ".join([program, *command.ARGUMENTS, "[--FLAG=VALUE ...]"])
    lines = [f"Usage: {usage}", "", inspect.cleandoc(command.__doc__).replace(f"gated-inpaint {name}", program), "", "Flags:"]
    for flag in _in_order(values):
        lines.append(f"  --[no]{flag.name}" if flag.boolean else f"  --{flag.name}")
        has_default = flag.default not in (None, "") and not flag.boolean
        default = f" Default: {flag.default_as_str.strip(chr(39))}." if has_default else ""
        lines += textwrap.wrap(flag.help + default, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    lines += ["  --flagfile", "      File of flags, one a line; # begins a remark."]
    return "\n".join(lines)


def did_you_mean(name, names, prefix=""):
    """What a message adds on a name that is none of these: the nearest one, or nothing."""
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f": did you mean {prefix}{nearest[0]}?" if nearest else "."


def _in_words(message):
    """absl's message in one line, and without Python's words on what is no number or no file."""
    message = " ".join(message.replace("ERROR:: ", "").split())
    message = re.sub(r"Unable to open flagfile: \[Errno \d+\] (.*): '(.*)'", r"cannot read the flagfile \2: \1.", message)
    message = re.sub(r"invalid literal for int\(\).*", "it must be a whole number.", message)
    return re.sub(r"could not convert string to float.*", "it must be a number.", message)


def _defined(command, argv):
    values = flags.FlagValues()
    command.define_flags(values, argv)
    return values


def _in_order(values):
    """The flags as they were defined; iterating over the values sorts them."""
    return [flag for of_module in values.flags_by_module_dict().values() for flag in of_module]


def _check_arguments(expected, given):
    """Words stand as they are, or as one|other; names in capitals for a value; a last NAME... for any number of them."""
    needed = [name for name in expected if not name.endswith("...")]
    for index, name in enumerate(needed):
        if index == len(given):
            missing = needed[index:]
            raise InputError(f"{' '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; --help says more.")
        if name.islower() and given[index] not in name.split("|"):
            raise InputError(f"{given[index]} must be {' or '.join(name.split('|'))}; --help says more.")
    if len(needed) == len(expected) < len(given):
        raise InputError(
            f"unexpected argument {given[len(expected)]}: everything else is given as --FLAG=VALUE, and lists by commas; "
            "--help says more."
        )
