// A layer of marks over the photo, at the photo's own resolution: 1 where something is marked, one byte a pixel. What is shown, what
// is sent and what is undone is this array. `levels` are reductions by 2, 4, ..., in which a pixel is marked if one of those that it
// stands for is: so a thin line is seen however far one zooms out.

const SMALLEST_LEVEL = 64;
const TILE = [512, 32]; // Width and height of the tiles in which the history keeps what changed: a row is read at once, however long.

export class Layer {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
    this.levels = [{ width, height, data: this.data }];
    while (Math.max(width, height) > SMALLEST_LEVEL) {
      width = Math.ceil(width / 2);
      height = Math.ceil(height / 2);
      this.levels.push({ width, height, data: new Uint8Array(width * height) });
    }
    this.onChange = () => {};
  }

  // To be called after `data` was changed inside a box.
  changed(box) {
    if (!box) return;
    let [left, top, right, bottom] = box;
    for (let k = 1; k < this.levels.length; k++) {
      const from = this.levels[k - 1];
      const to = this.levels[k];
      left >>= 1;
      top >>= 1;
      right = Math.min((right + 1) >> 1, to.width);
      bottom = Math.min((bottom + 1) >> 1, to.height);
      for (let row = top; row < bottom; row++) {
        const upper = 2 * row * from.width;
        const lower = 2 * row + 1 < from.height ? upper + from.width : upper;
        for (let column = left; column < right; column++) {
          const x = 2 * column;
          const next = x + 1 < from.width ? x + 1 : x;
          to.data[row * to.width + column] =
            from.data[upper + x] | from.data[upper + next] | from.data[lower + x] | from.data[lower + next];
        }
      }
    }
    this.onChange(box);
  }

  // The smallest box that holds all marks, or null. Found in a reduced level, and then to the pixel along its rim alone.
  box() {
    const { width, height, data } = this;
    const level = Math.min(3, this.levels.length - 1);
    const found = boxOf(this.levels[level]);
    if (!found) return null;
    let [left, top, right, bottom] = found.map((side) => side << level);
    right = Math.min(right, width);
    bottom = Math.min(bottom, height);
    const isRowMarked = (row) => data.subarray(row * width + left, row * width + right).indexOf(1) >= 0;
    while (!isRowMarked(top)) top++;
    while (!isRowMarked(bottom - 1)) bottom--;
    const isColumnMarked = (column) => {
      for (let at = top * width + column; at < bottom * width; at += width) if (data[at]) return true;
      return false;
    };
    while (!isColumnMarked(left)) left++;
    while (!isColumnMarked(right - 1)) right--;
    return [left, top, right, bottom];
  }

  isEmpty() {
    return this.levels[this.levels.length - 1].data.indexOf(1) < 0;
  }

  isFull() {
    return this.data.indexOf(0) < 0;
  }
}

function boxOf({ width, data }) {
  const first = data.indexOf(1);
  if (first < 0) return null;
  const top = Math.floor(first / width);
  const bottom = Math.floor(data.lastIndexOf(1) / width) + 1;
  let left = width;
  let right = 0;
  for (let row = top; row < bottom; row++) {
    const line = data.subarray(row * width, (row + 1) * width);
    const begin = line.indexOf(1);
    if (begin < 0) continue;
    left = Math.min(left, begin);
    right = Math.max(right, line.lastIndexOf(1) + 1);
  }
  return [left, top, right, bottom];
}

// What is undone: lengths of runs of equal pixels of a box, row by row, the first run of zeros.
export function runsOf(data, width, [left, top, right, bottom]) {
  const runs = [];
  let value = 0;
  let length = 0;
  for (let row = top; row < bottom; row++) {
    const line = data.subarray(row * width + left, row * width + right);
    for (let at = 0; at < line.length; ) {
      const other = line.indexOf(1 - value, at);
      const end = other < 0 ? line.length : other;
      length += end - at;
      at = end;
      if (other < 0) continue;
      runs.push(length);
      length = 0;
      value = 1 - value;
    }
  }
  runs.push(length);
  return Uint32Array.from(runs);
}

export function writeRuns(data, width, [left, top, right, bottom], runs) {
  let at = top * width + left;
  let end = top * width + right;
  let value = 0;
  for (let length of runs) {
    while (length > 0) {
      const part = Math.min(length, end - at);
      data.fill(value, at, at + part);
      at += part;
      length -= part;
      if (at === end) {
        at += width - (right - left);
        end += width;
      }
    }
    value = 1 - value;
  }
}

// A change of a layer from its first touch to its last, as a step of the history: null if nothing changed. What was there before is
// noted by tiles, when they are first written to: so a long thin stroke costs what it covers and not the box around it, and most
// of that while it is drawn.
export class Edit {
  constructor(layer) {
    this.layer = layer;
    this.columns = Math.ceil(layer.width / TILE[0]);
    this.before = new Map(); // {tile: runs}
  }

  // Has `fill` write to the layer inside a box alone, and the layer drawn there. What `fill` returns is returned.
  write(box, fill) {
    this.keep(box);
    const made = fill();
    this.layer.changed(box);
    return made;
  }

  // To be called before anything inside the box is written.
  keep(box) {
    if (!box) return;
    const [left, top, right, bottom] = box;
    const { data, width } = this.layer;
    for (let row = Math.floor(top / TILE[1]); row * TILE[1] < bottom; row++) {
      for (let column = Math.floor(left / TILE[0]); column * TILE[0] < right; column++) {
        const tile = row * this.columns + column;
        if (!this.before.has(tile)) this.before.set(tile, runsOf(data, width, this.boxOf(tile)));
      }
    }
  }

  boxOf(tile) {
    const [left, top] = [(tile % this.columns) * TILE[0], Math.floor(tile / this.columns) * TILE[1]];
    return [left, top, Math.min(left + TILE[0], this.layer.width), Math.min(top + TILE[1], this.layer.height)];
  }

  undo() {
    const { layer } = this;
    for (const [tile, before] of this.before) {
      const box = this.boxOf(tile);
      writeRuns(layer.data, layer.width, box, before);
      layer.changed(box);
    }
    this.before.clear();
  }

  step() {
    const { layer } = this;
    const parts = [];
    for (const [tile, before] of this.before) {
      const box = this.boxOf(tile);
      const after = runsOf(layer.data, layer.width, box);
      if (before.length !== after.length || before.some((length, i) => length !== after[i])) parts.push({ box, before, after });
    }
    return parts.length ? { layer, parts } : null;
  }
}

export function applyStep({ layer, parts }, isUndo) {
  for (const { box, before, after } of parts) {
    writeRuns(layer.data, layer.width, box, isUndo ? before : after);
    layer.changed(box);
  }
}

export function stepBytes({ parts }) {
  return parts.reduce((sum, { before, after }) => sum + before.byteLength + after.byteLength, 0);
}
