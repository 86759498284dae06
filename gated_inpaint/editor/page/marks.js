// The brush's size, the tool in hand, and what changes a layer as a whole.

import { $, guidedModel, say, state, takesSketch } from "./app.js";
import { chooseModel } from "./choices.js";
import { Edit } from "./layer.js";
import { remember, settings } from "./settings.js";
import { grow } from "./shapes.js";

const GROWN = 4; // Pixels by which a mask is grown or shrunk at once, in a photo of a megapixel; in proportion to its side.
const SKETCH_RADIUS = 1; // The network was shown thin lines.

// The slider is even in ratios, from one pixel to the photo's shorter side.
export const shorterSide = () => (state.doc ? Math.min(state.doc.facts.width, state.doc.facts.height) : 1000);

export function brushSize() {
  const { width, height } = state.doc ? state.doc.facts : { width: 1000, height: 1000 };
  return Math.max(Math.round(settings.size * Math.min(width, height)), 1);
}

export const radiusOf = (tool) => (tool === "sketch" ? SKETCH_RADIUS : brushSize() / 2);

export function setBrushSize(pixels) {
  const side = shorterSide();
  remember({ size: Math.min(Math.max(pixels, 1), side) / side });
  showSize();
}

export function resizeBrush(direction) {
  const size = brushSize();
  const next = direction > 0 ? Math.max(Math.round(size * 1.15), size + 1) : Math.min(Math.round(size / 1.15), size - 1);
  setBrushSize(next);
}

export function showSize() {
  const size = brushSize();
  const part = Math.log(size) / Math.log(Math.max(shorterSide(), 2));
  $("size").value = Math.round(1000 * part);
  $("size").style.setProperty("--part", `${100 * part}%`);
  $("size").setAttribute("aria-valuetext", `${size} pixels`);
  $("size-shown").textContent = `${size} px`;
  $("size-label").style.setProperty("--dot", `${3 + 17 * part}px`);
  state.tools.redraw();
}

export function chooseTool(tool) {
  if (tool === "sketch" && !takesSketch()) {
    const guided = guidedModel();
    if (guided) {
      chooseModel(guided.name);
      say(`Weights: ${guided.name}, which follow what is sketched.`);
    } else tool = "brush";
  }
  state.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  state.tools.showCursor();
}

// One step of the history that changes the mask, or another layer: inside a box, or anywhere.
export function editLayer(change, layer = state.doc.mask, box = [0, 0, layer.width, layer.height]) {
  const edit = new Edit(layer);
  edit.write(box, () => change(layer));
  state.doc.history.add([edit.step()]);
}

export function growMask(sign) {
  const { width, height } = state.doc.facts;
  const pixels = Math.max(Math.round((GROWN * Math.max(width, height)) / 1200), 1);
  editLayer((mask) => grow(mask, sign * pixels));
  say(`${sign > 0 ? "Grown" : "Shrunk"} by ${pixels} px.`);
}

export function invertMask() {
  editLayer((mask) => {
    for (let at = 0; at < mask.data.length; at++) mask.data[at] ^= 1;
  });
}

export function clearLayer(layer = state.doc.mask) {
  const box = layer.box();
  if (!box) return;
  editLayer(() => layer.data.fill(0), layer, box);
}
