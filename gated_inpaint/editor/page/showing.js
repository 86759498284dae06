// What depends on the state of things: buttons, and what is drawn.

import { $, state, view } from "./app.js";
import { estimate } from "./estimating.js";
import { resetStages, toggleWipe } from "./looking.js";

let shown = "";

// To be called after each step of the history, and when another photo is shown.
export function changed() {
  const { doc } = state;
  if (doc && doc.sketch && view.layers.sketch !== doc.sketch) view.setLayers(doc.layers());
  const now = doc ? `${doc.facts.id} ${doc.version}` : "";
  if (now !== shown) {
    shown = now;
    view.patches = doc ? doc.patches : [];
    resetStages();
    view.moved();
  }
  showButtons();
  estimate();
}

export function showButtons() {
  const { doc, run: running } = state;
  const hasMask = Boolean(doc && !doc.mask.isEmpty());
  const hasResult = Boolean(doc && doc.patches.length);
  const { done, undone } = doc ? doc.history : { done: [], undone: [] };
  $("undo").disabled = !done.length;
  $("redo").disabled = !undone.length;
  for (const id of ["compare", "wipe", "download", "copy", "show-stages"]) $(id).disabled = !hasResult;
  if (!hasResult && $("wipe").getAttribute("aria-pressed") === "true") toggleWipe(false);
  for (const id of ["grow", "shrink", "clear"]) $(id).disabled = !hasMask;
  $("run").disabled = !hasMask || Boolean(running);
  $("again").disabled = Boolean(running) || !(done.length && done[done.length - 1].result);
  for (const id of ["mask-up", "edges", "clear-sketch"]) $(id).disabled = !doc;
  $("mask-down").disabled = !hasMask;
}
