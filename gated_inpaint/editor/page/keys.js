// What keys do.

import { $, state, tell, view } from "./app.js";
import { togglePanel } from "./choices.js";
import { again, cancel, run } from "./completing.js";
import { holdOriginal, toggleMask, toggleWipe } from "./looking.js";
import { chooseTool, clearLayer, growMask, invertMask, resizeBrush } from "./marks.js";
import { step } from "./opening.js";
import { copy, download } from "./saving.js";
import { redo, undo } from "./undoing.js";

const KEYS = [
  ["Brush", "B"], ["Eraser, or the right button", "E"], ["Straight line", "I"], ["Line from the last point", "Shift click"],
  ["Rectangle", "R"], ["Lasso", "L"], ["Find the object", "W"], ["Sketch lines", "S"], ["Move the photo", "Space"],
  ["Brush smaller, larger", "[ ]"], ["Brush size", "Alt wheel"], ["Grow, shrink the mask", "G, Shift G"], ["Invert the mask", "X"],
  ["Clear the mask", "Delete"], ["Show the mask", "M"], ["Run", "Shift R"], ["Run again", "Shift A"], ["Cancel", "Esc"], ["Undo", "Ctrl Z"],
  ["Redo", "Ctrl Shift Z"], ["Hold: the original", "Tab"], ["Wipe", "C"], ["Fit", "0"], ["One to one", "1"], ["Zoom", "+ -, wheel"],
  ["Download", "Ctrl S"], ["Copy", "Ctrl C"], ["Open", "Ctrl O"], ["Next, previous photo", "Right, Left"], ["Settings", ","], ["Keys", "?"],
];

const plainKeys = {
  b: () => chooseTool("brush"),
  e: () => chooseTool("eraser"),
  i: () => chooseTool("line"),
  r: () => chooseTool("rectangle"),
  l: () => chooseTool("lasso"),
  w: () => chooseTool("magic"),
  s: () => chooseTool("sketch"),
  h: () => chooseTool("hand"),
  "[": () => resizeBrush(-1),
  "]": () => resizeBrush(1),
  g: () => !$("grow").disabled && growMask(1),
  G: () => !$("shrink").disabled && growMask(-1),
  x: () => state.doc && invertMask(),
  Delete: () => state.doc && clearLayer(),
  Backspace: () => state.doc && clearLayer(),
  m: toggleMask,
  R: run,
  A: () => state.doc && again(),
  c: () => toggleWipe(),
  0: () => view.fit(),
  1: () => state.doc && view.zoomTo(1),
  "+": () => state.doc && view.zoomTo(view.scale * 1.5),
  "=": () => state.doc && view.zoomTo(view.scale * 1.5),
  "-": () => state.doc && view.zoomTo(view.scale / 1.5),
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  ",": () => togglePanel(),
  "?": () => $("keys").showModal(),
  Escape: () => (state.run ? cancel() : state.tools.active ? state.tools.drop() : tell("")),
};
const controlKeys = { z: undo, Z: redo, y: redo, s: () => download(), o: () => $("photo-file").click(), c: copy };

function isTyping(target) {
  return target.closest("select, dialog") || (target.tagName === "INPUT" && target.type !== "range" && target.type !== "checkbox");
}

addEventListener("keydown", (event) => {
  if (isTyping(event.target) || $("keys").open) return;
  const isControl = event.ctrlKey || event.metaKey;
  const onPhoto = event.target === view.overlay || event.target === document.body;
  if (event.key === "Tab") {
    if (onPhoto && !event.shiftKey && !isControl && state.doc && state.doc.patches.length) {
      event.preventDefault();
      if (!event.repeat) holdOriginal(true);
    }
    return;
  }
  if (event.key === " ") {
    if (!onPhoto) return;
    event.preventDefault();
    state.tools.isSpaceDown = true;
    state.tools.showCursor();
    return;
  }
  if (event.target.tagName === "INPUT" && event.key.startsWith("Arrow")) return;
  if (!isControl && event.altKey) return;
  const action = isControl ? controlKeys[event.key.length === 1 && event.shiftKey ? event.key.toUpperCase() : event.key] : plainKeys[event.key];
  if (!action || (isControl && event.key === "c" && String(getSelection()))) return;
  event.preventDefault();
  action();
});
addEventListener("keyup", (event) => {
  if (event.key === "Tab") holdOriginal(false);
  if (event.key === " ") {
    state.tools.isSpaceDown = false;
    state.tools.showCursor();
  }
});
addEventListener("blur", () => {
  holdOriginal(false);
  state.tools.isSpaceDown = false;
});

$("key-list").append(
  ...KEYS.map(([text, keys]) => {
    const line = document.createElement("div");
    const key = document.createElement("kbd");
    key.textContent = keys;
    line.append(text, key);
    return line;
  }),
);
