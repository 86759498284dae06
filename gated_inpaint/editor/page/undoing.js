// One step back, one forth.

import { state } from "./app.js";
import { cancel } from "./completing.js";

export function undo() {
  if (state.run) cancel();
  state.tools.drop();
  state.doc?.history.undo();
}

export function redo() {
  if (state.run) cancel();
  state.doc?.history.redo();
}
