// The page: what its buttons do, and how it begins.

import { $, state, tell, view } from "./app.js";
import { chooseModel, readModels, showChoice, togglePanel } from "./choices.js";
import { again, cancel, drop, marked, run } from "./completing.js";
import { estimate } from "./estimating.js";
import { drawEdges, findObject, loadMask } from "./finding.js";
import "./keys.js";
import { holdOriginal, placeWipe, showStages, toggleMask, toggleWipe, wipeBy, wipeTo } from "./looking.js";
import { chooseTool, clearLayer, editLayer, growMask, invertMask, radiusOf, resizeBrush, setBrushSize, shorterSide, showSize } from "./marks.js";
import { openFile, readFolder } from "./opening.js";
import { copy, download, saveAll, saveMask } from "./saving.js";
import { applyTheme, remember, settings } from "./settings.js";
import { grow } from "./shapes.js";
import { showButtons } from "./showing.js";
import { Tools } from "./tools.js";
import { redo, undo } from "./undoing.js";

state.tools = new Tools(view, {
  document: () => state.doc,
  tool: () => state.tool,
  radius: radiusOf,
  pressure: () => settings.pressure,
  resize: resizeBrush,
  finished: marked,
  findObject,
});

view.onMove = () => {
  const scale = 100 * view.scale;
  $("zoom-full").textContent = view.levels.length ? `${scale < 10 ? scale.toFixed(1) : Math.round(scale)} %` : "";
  state.tools.redraw();
  placeWipe();
};

const clicks = {
  open: () => $("photo-file").click(),
  choose: () => $("photo-file").click(),
  undo,
  redo,
  wipe: () => toggleWipe(),
  download: () => download(),
  settings: () => togglePanel(),
  "close-panel": () => (togglePanel(false), $("settings").focus()),
  help: () => $("keys").showModal(),
  grow: () => growMask(1),
  shrink: () => growMask(-1),
  invert: invertMask,
  clear: () => clearLayer(),
  "show-mask": toggleMask,
  again,
  run,
  cancel,
  "zoom-in": () => view.zoomTo(view.scale * 1.5),
  "zoom-out": () => view.zoomTo(view.scale / 1.5),
  "zoom-full": () => view.zoomTo(1),
  "zoom-fit": () => view.fit(),
  edges: drawEdges,
  "clear-sketch": () => state.doc.sketch && clearLayer(state.doc.sketch),
  "mask-up": () => $("mask-file").click(),
  "mask-down": saveMask,
  copy,
  "save-all": saveAll,
  "show-stages": showStages,
};
for (const [id, action] of Object.entries(clicks)) {
  $(id).addEventListener("click", (event) => {
    action();
    // A mouse leaves the focus with the photo, whose keys go on; the keyboard's stays where it is.
    if (event.detail > 0 && state.doc && $("stage").contains(event.currentTarget)) view.overlay.focus({ preventScroll: true });
    if (event.detail > 0 && state.doc && event.currentTarget.closest(".bar") && id !== "help") view.overlay.focus({ preventScroll: true });
  });
}
for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", (event) => {
    chooseTool(button.dataset.tool);
    if (event.detail > 0) view.overlay.focus({ preventScroll: true });
  });
}
$("problem").querySelector("button").addEventListener("click", () => tell(""));

for (const [kind, isHeld] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["pointerleave", false]]) {
  $("compare").addEventListener(kind, () => holdOriginal(isHeld));
}
$("compare").addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && holdOriginal(true));
$("compare").addEventListener("keyup", () => holdOriginal(false));

$("wipe-handle").addEventListener("pointerdown", (event) => {
  const handle = event.currentTarget;
  handle.setPointerCapture(event.pointerId);
  handle.onpointermove = (moved) => {
    const box = $("stage").getBoundingClientRect();
    wipeTo((moved.clientX - box.left) / box.width);
  };
  handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
});
$("wipe-handle").addEventListener("keydown", (event) => {
  const change = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
  if (!change) return;
  event.preventDefault();
  event.stopPropagation();
  wipeBy(change);
});

$("size").addEventListener("input", () => setBrushSize(Math.round(Math.max(shorterSide(), 2) ** ($("size").value / 1000))));
const onChange = (id, act) => $(id).addEventListener("change", (event) => act(event.target));
onChange("photo-file", (input) => (openFile(input.files[0]), (input.value = "")));
onChange("mask-file", (input) => (loadMask(input.files[0]), (input.value = "")));
onChange("model", ({ value }) => (chooseModel(value), estimate()));
onChange("strategy", ({ value }) => (remember({ strategy: value }), showChoice(), estimate()));
onChange("working-size", ({ value }) => {
  remember({ workingSize: Number(value) > 0 ? Math.min(Math.max(Math.round(value), 64), 4096) : 0 });
  showChoice();
});
onChange("auto", ({ checked }) => remember({ auto: checked }));
onChange("finish", ({ checked }) => remember({ finish: checked }));
onChange("pressure", ({ checked }) => remember({ pressure: checked }));
onChange("format", ({ value }) => remember({ format: value }));
onChange("quality", (input) => (remember({ quality: Math.min(Math.max(Math.round(input.value) || 95, 1), 100) }), (input.value = settings.quality)));
onChange("theme", ({ value }) => (remember({ theme: value }), applyTheme()));

addEventListener("pagehide", () => state.run && drop(state.run));
addEventListener("beforeunload", (event) => {
  const docs = new Set([state.doc, ...state.docs.values()]);
  if ([...docs].some((doc) => doc && !doc.isSaved && doc.patches.length)) event.preventDefault();
});

// The beginning.

applyTheme();
for (const id of ["auto", "finish", "pressure"]) $(id).checked = settings[id];
for (const id of ["format", "quality", "theme"]) $(id).value = settings[id];
if (settings.panel && innerWidth > 900) togglePanel(true);
showSize();
showButtons();
state.tools.showCursor();
readModels();
readFolder();

// For tests, and for the curious in the browser's console.
export const inspected = { view, state, setBrushSize, growBy: (pixels) => editLayer((mask) => grow(mask, pixels)) };
