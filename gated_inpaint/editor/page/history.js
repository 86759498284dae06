// One history of everything: steps of layers and results, undone and redone in order. A step is
//   { layers: [steps of layers], result: a result that was made, or undefined }
// Of a long history the oldest steps are forgotten, so that it stays within `LIMIT` bytes.

import { applyStep, stepBytes } from "./layer.js";

const LIMIT = 256e6;

export class History {
  constructor(onResult, onChange) {
    this.done = [];
    this.undone = [];
    this.bytes = 0;
    this.onResult = onResult; // Called with (result, whether it is undone).
    this.onChange = onChange;
  }

  add(layers, result) {
    layers = layers.filter(Boolean);
    if (!layers.length && !result) return;
    this.undone = [];
    this.done.push({ layers, result });
    this.bytes = this.done.reduce((sum, step) => sum + sizeOf(step), 0);
    while (this.bytes > LIMIT && this.done.length > 1) this.bytes -= sizeOf(this.done.shift());
    this.onChange();
  }

  undo() {
    const step = this.done.pop();
    if (!step) return false;
    for (const layer of [...step.layers].reverse()) applyStep(layer, true);
    if (step.result) this.onResult(step.result, true);
    this.undone.push(step);
    this.onChange();
    return true;
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return false;
    for (const layer of step.layers) applyStep(layer, false);
    if (step.result) this.onResult(step.result, false);
    this.done.push(step);
    this.onChange();
    return true;
  }
}

function sizeOf({ layers, result }) {
  return layers.reduce((sum, layer) => sum + stepBytes(layer), result ? result.bytes : 0);
}
