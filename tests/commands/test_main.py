"""`gated-inpaint`: subcommands, flags, flagfiles, help, and what is wrong with them."""

import subprocess
import sys
import types

import pytest
from absl import flags
from conftest import DATA

from gated_inpaint.commands import main as commands
from gated_inpaint.commands import parsing, train
from gated_inpaint.commands.main import COMMANDS, main
from gated_inpaint.errors import InputError


@pytest.fixture
def run(capfd):
    def run(*argv):
        return (main(argv), *capfd.readouterr())

    return run


@pytest.fixture
def probe(monkeypatch):
    """A command of ours in place of `data`, which notes what it is given."""
    command = types.ModuleType("gated_inpaint.commands.data", "Notes what it is given.\n\n    gated-inpaint data pack FROM TO\n")
    command.ARGUMENTS, command.given = ("pack", "FROM", "TO"), []

    def define_flags(values, argv):
        flags.DEFINE_integer("number", 3, "How many.", lower_bound=1, flag_values=values)
        flags.DEFINE_string("name", None, "What it is called.", flag_values=values)
        flags.DEFINE_bool("loud", False, "Whether.", flag_values=values)

    command.define_flags = define_flags
    command.run = lambda values, *arguments: command.given.append((values.number, values.name, values.loud, arguments))
    monkeypatch.setitem(sys.modules, command.__name__, command)
    return command


def test_flags_flagfiles_and_arguments_in_any_order(run, probe, tmp_path):
    (tmp_path / "inner.cfg").write_text("# A remark.\n--name=from a file\n")
    (tmp_path / "outer.cfg").write_text(f"--number=5\n--flagfile={tmp_path / 'inner.cfg'}\n")
    assert run("data", "pack", "a", "b") == (0, "", "")
    assert run("data", "--loud", f"--flagfile={tmp_path / 'outer.cfg'}", "pack", "a", "--number", "7", "b") == (0, "", "")
    assert probe.given == [(3, None, False, ("pack", "a", "b")), (7, "from a file", True, ("pack", "a", "b"))]


@pytest.mark.parametrize(
    "argv, words",
    [
        (["evaluete"], "gated-inpaint: error: there is no command evaluete: did you mean evaluate? --help lists them."),
        (["xyz"], "gated-inpaint: error: there is no command xyz. --help lists them."),
        (["data", "pack", "a", "b", "--nomber=1"], "there is no flag --nomber: did you mean --number? --help lists them."),
        (["data", "pack", "a", "b", "--xyz"], "there is no flag --xyz. --help lists them."),
        (["data", "pack", "a", "b", "--number=two"], "flag --number=two: it must be a whole number.\n"),
        (["complete", "--max_megapixels=many"], "flag --max_megapixels=many: it must be a number.\n"),
        (["data", "pack", "a", "b", "--number=0"], "flag --number=0"),
        (["data", "pack", "a", "b", "--name"], "--name"),
        (["data", "pack", "a", "b", "--flagfile=nowhere"], "cannot read the flagfile nowhere: No such file or directory.\n"),
        (["data", "pack", "a"], "TO is missing"),
        (["data"], "pack FROM TO are missing"),
        (["data", "unpack", "a", "b"], "unpack must be pack"),
        (["data", "pack", "a", "b", "c"], "unexpected argument c: everything else is given as --FLAG=VALUE"),
        (["export", "--output=1", "--warm_up=8x8,9x"], "--warm_up: a size is written WIDTHxHEIGHT, such as 640x480, not 9x."),
        (["export", "--output=1", "--weight_type=float16"], "--weight_type goes with --format=tflite or onnx."),
        (["export"], "--output is needed."),
        (["evaluate", "--output=a"], "--images is needed."),
        (["train", "--model=deepfil_v2"], "deepfil_v2"),
        (["train", "--data=a", "--batch_size=0", "--run_dir="], "--run_dir is needed."),
    ],
)
def test_refusals_are_one_line(run, probe, argv, words):
    status, printed, said = run(*argv)
    assert (status, printed, said.count("\n")) == (1, "", 1) and words in said
    assert said.startswith("gated-inpaint") and probe.given == []


def test_a_flagfile_that_is_no_text(run, probe, tmp_path):
    (tmp_path / "a.cfg").write_bytes(b"--name=\xff\n")
    status, _, said = run("data", "pack", "a", "b", f"--flagfile={tmp_path / 'a.cfg'}")
    assert (status, said.count("\n")) == (1, 1) and "no text in UTF-8" in said


def test_help_shows_the_flags_of_the_command_alone(run, probe):
    status, printed, said = run("data", "--help", "--nonsense")
    assert (status, said) == (0, "")
    assert printed.startswith("Usage: gated-inpaint data pack FROM TO [--FLAG=VALUE ...]\n\nNotes what it is given.\n")
    shown = [line.strip() for line in printed.splitlines() if line.startswith("  --")]
    assert shown == ["--number", "--name", "--[no]loud", "--flagfile"]
    assert "      How many. Default: 3.\n" in printed and "      What it is called.\n" in printed


def test_an_interrupted_command_says_so(run, probe):
    def interrupt(*_):
        raise KeyboardInterrupt

    probe.run = interrupt
    assert run("data", "pack", "a", "b") == (1, "", "gated-inpaint data: error: interrupted.\n")


def test_help_and_refused_flags_take_no_tensorflow(tmp_path):
    """In a process of its own, which is as it was before any command."""
    (tmp_path / "1").mkdir()
    refused = [[f"--output={tmp_path / '1'}"], [f"--output={tmp_path / 'a.bin'}", "--format=onnx"]]
    quick = [name for name in COMMANDS if name != "train"]  # Its flags are those of a model.
    asked = [["--help"], ["--version"], [], *([name, "--help"] for name in quick), *([name, "--nonsense=1"] for name in quick)]
    code = f"""
import sys
from gated_inpaint.commands.main import main
print([main(argv) for argv in {asked}])
print([main(["export", *argv]) for argv in {refused}])
from gated_inpaint.serving.__main__ import main
print([main(["complete"]), main(["complet"]), main(["export", "--help"])])
loaded = {{"tensorflow", "cv2", "numpy"}} & set(sys.modules)
assert not loaded, loaded
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    printed = finished.stdout.splitlines()
    assert str([0] * (3 + len(quick)) + [1] * len(quick)) in printed and printed[-1] == "[1, 1, 0]"
    assert all(any(line.startswith(f"  {name} ") for line in printed) for name in COMMANDS)
    assert str([1, 1]) in printed and "is there already" in finished.stderr and "must end in .onnx" in finished.stderr
    assert finished.stderr.count("\n") == len(quick) + 4


def test_a_python_without_what_was_installed():
    """As in a new terminal, where the environment was not activated."""
    command = [sys.executable, "-S", "-m", "gated_inpaint", "complete"]
    finished = subprocess.run(command, cwd=DATA.parents[1], capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        f"gated_inpaint: error: {sys.executable} has no absl: activate the environment, or pip install . in the clone.\n"
    )


def test_the_package_brings_tensorflow_in_without_its_remarks(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    code = "from gated_inpaint import Inpainter; import tensorflow as tf; tf.constant(1) + 1"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_commands_do_not_share_flags(run, probe):
    """Two commands have flags of one name and other kinds."""
    assert commands.run("data", ["pack", "a", "b", "--name=x"], "data") == 0
    assert commands.run("data", ["pack", "a", "b"], "data") == 0
    assert [name for _, name, *_ in probe.given] == ["x", None]
    assert "number" not in flags.FLAGS


@pytest.mark.parametrize("argv", [["--model=other"], ["--steps=3", "photos", "--model", "other"], ["--flagfile={}"]])
def test_the_model_decides_which_flags_there_are(monkeypatch, tmp_path, argv):
    (tmp_path / "a.cfg").write_text("--steps=3\n--model=other\n")
    asked = []
    monkeypatch.setattr(train, "train_flags", lambda model: asked.append(model) or [])
    values = flags.FlagValues()
    train.define_flags(values, [argument.format(tmp_path / "a.cfg") for argument in argv])
    assert asked == ["other"] and sorted(values) == ["model", "override"]


def test_training_options_are_flags():
    values, _ = parsing.parse(train, ["--run_dir=r", "--sketch", "--learning_rate=0.5", "--steps=3"])
    assert (values.run_dir, values.sketch, values.learning_rate, values.steps, values.width) == ("r", True, 0.5, 3, 48)
    with pytest.raises(InputError, match="--steps=x"):
        parsing.parse(train, ["--steps=x"])


def test_initial_weights_say_what_the_network_is(monkeypatch):
    asked = []
    monkeypatch.setattr("gated_inpaint.training.loop.train", lambda model, options, override: asked.append(options))
    given = ["--data=photos", "--run_dir=run", f"--init_weights={DATA / 'generator'}"]
    assert commands.run("train", given, "train") == 0
    assert commands.run("train", [*given, "--width=16", "--convolution=vanilla"], "train") == 0
    assert [(options.width, options.convolution) for options in asked] == [(8, "gated"), (16, "vanilla")]
