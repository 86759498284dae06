"""The pages: every link leads somewhere, every command that they print is understood, and their Python runs."""

import importlib
import pathlib
import re
import shlex

import numpy as np
import pytest
from torch_file import write_state_dict

from gated_inpaint.commands.main import COMMANDS
from gated_inpaint.commands.parsing import parse
from gated_inpaint.errors import InputError

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        ROOT / "benchmarks/peers/README.md",
        ROOT / "examples/browser/README.md",
        ROOT / "gated_inpaint/weights/MODEL_CARD.md",
    ]
)
MAINS = {"test_main.py": "complete", "train_main.py": "train"}


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands():
    """(page, command's name, its arguments) of each that stands in a block of code or in a line of text."""
    for page in PAGES:
        text = page.read_text()
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        blocks = [block for language, block in blocks if language in ("", "bash")]
        lines = [line.split("#")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        lines += re.findall(r"`((?:gated-inpaint|python (?:test|train)_main\.py) [^`]+)`", text)
        for command in (part.strip() for line in lines for part in line.split("&&")):
            words = shlex.split(command)
            if words[:1] == ["gated-inpaint"] and words[1:2] and words[1] in COMMANDS:
                yield page.name, words[1], words[2:]
            elif words[:1] == ["python"] and words[1:2] and words[1] in MAINS:
                yield page.name, MAINS[words[1]], words[2:]
            else:
                assert words[:1] != ["gated-inpaint"] or words[1].startswith("-"), (page.name, command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def python_blocks():
    """Each block of Python once, whichever pages have it."""
    blocks = {}
    for page in PAGES:
        for code in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            blocks.setdefault(code, page.name)
    return [pytest.param(code, id=page) for code, page in blocks.items()]


@pytest.mark.parametrize("code", python_blocks())
def test_python_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compiled = compile(code, "page", "exec")
    # What asks a server, is one, or takes an exported model, is run by the tests of serving and of the editor.
    if any(word in code for word in ("localhost", "EditorServer", "models/gated_inpaint/1")):
        return
    if "onnxruntime" in code:
        pytest.importorskip("onnxruntime")
        pytest.importorskip("tf2onnx")
    if "lpips/weights" in code:
        write_small_lpips()
    mask = np.zeros([48, 56], np.uint8)
    mask[10:20, 30:40] = 255
    exec(compiled, {"image": np.full([48, 56, 3], 90, np.uint8), "mask": mask})


def write_small_lpips():
    """Files of the published ones' form: VGG-16, and the weights of five of its maps."""
    random, arrays, places, inputs = np.random.default_rng(0), {}, iter((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)), 3
    for count, width in zip((2, 2, 3, 3, 3), (4, 4, 6, 8, 8)):
        for _ in range(count):
            place = next(places)
            arrays[f"features.{place}.weight"] = random.normal(size=[width, inputs, 3, 3])
            arrays[f"features.{place}.bias"], inputs = random.normal(size=width), width
    write_state_dict("vgg16-397923af.pth", arrays)
    folder = pathlib.Path("lpips/weights/v0.1")
    folder.mkdir(parents=True)
    learned = {f"lin{index}.model.1.weight": np.ones([1, width, 1, 1]) for index, width in enumerate((4, 4, 6, 8, 8))}
    write_state_dict(folder / "vgg.pth", learned)


def test_commands_are_understood(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = list(commands())
    assert len(found) > 25 and {name for _, name, _ in found} == set(COMMANDS)
    for page, name, arguments in found:
        # Dots stand for what a reader would write there.
        arguments = [argument for argument in arguments if argument != "..."]
        try:
            parse(importlib.import_module(f"gated_inpaint.commands.{name}"), arguments)
        except InputError as error:
            pytest.fail(f"{page}: {name} {arguments}: {error}")
