// The photo on the screen: where it lies, how large, and what is drawn over it. Two canvases of the screen's own pixels: one for the
// photo and the results over it, drawn anew when it moves; one for the marks, of which only what changed is drawn, so that a brush
// costs what it covers. `scale` is pixels of the screen for one of the photo; `left` and `top`, in pixels of the screen, are where the
// photo's corner lies.

const MOST = 64; // Largest scale.
const SHARP = 2; // From this scale on, pixels are shown as squares.

const BITS = new Uint32Array(1);
const colorOf = (red, green, blue, alpha) => {
  new Uint8Array(BITS.buffer).set([red, green, blue, alpha]);
  return BITS[0];
};
const FILL = colorOf(117, 83, 250, 120);
const RIM = colorOf(150, 124, 255, 255);
const LINE = colorOf(255, 214, 10, 255);

export class View {
  constructor(stage, photo, overlay) {
    this.stage = stage;
    this.photo = photo;
    this.overlay = overlay;
    this.photoContext = photo.getContext("2d");
    this.overlayContext = overlay.getContext("2d");
    this.levels = [];
    this.patches = [];
    this.layers = {}; // mask, sketch
    this.isMaskShown = true;
    this.other = null; // [{bitmap, begin, end}], pictures shown over the photo: what the network made on its way.
    this.original = 0; // Of the photo, from the left, the share of the stage's width that shows the original.
    this.scale = 1;
    this.left = this.top = 0;
    this.isFitted = true;
    this.onMove = () => {};
    this.onFrame = () => {}; // Called before a frame is drawn.
    this.dirty = null;
    this.isScheduled = false;
    this.isMoved = true;
    new ResizeObserver(() => this.resized()).observe(stage);
    // The same window on a screen of other density.
    const watch = () => matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => (this.resized(), watch()), { once: true });
    watch();
    this.resized();
  }

  get ratio() {
    return devicePixelRatio || 1;
  }

  // Shows a photo, an ImageBitmap of its full size, and layers of that size.
  show(bitmap, layers, hasAlpha) {
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.hasAlpha = hasAlpha;
    this.levels = [bitmap];
    this.patches = [];
    this.other = null;
    for (let last = bitmap; Math.max(last.width, last.height) > 512; ) {
      const half = document.createElement("canvas");
      half.width = Math.ceil(last.width / 2);
      half.height = Math.ceil(last.height / 2);
      const context = half.getContext("2d");
      context.imageSmoothingQuality = "low"; // Of exactly half the size, it is the mean of four pixels, and the quickest.
      context.drawImage(last, 0, 0, half.width, half.height);
      this.levels.push(half);
      last = half;
    }
    this.setLayers(layers);
    this.fit();
  }

  setLayers(layers) {
    this.layers = layers;
    for (const layer of Object.values(layers)) layer.onChange = (box) => this.touch(box);
    this.moved();
  }

  // Where the stage lies in the window; asked for now and then, for the browser may have to lay out the page to tell.
  measure() {
    this.box = this.stage.getBoundingClientRect();
  }

  resized() {
    this.measure();
    const { width, height } = this.box;
    const [across, down] = [Math.max(Math.round(width * this.ratio), 1), Math.max(Math.round(height * this.ratio), 1)];
    if (across === this.photo.width && down === this.photo.height && this.image) return;
    const shift = [(across - this.photo.width) / 2, (down - this.photo.height) / 2];
    for (const canvas of [this.photo, this.overlay]) {
      canvas.width = across;
      canvas.height = down;
    }
    this.image = new ImageData(across, down);
    this.pixels = new Uint32Array(this.image.data.buffer);
    if (this.isFitted) this.fit();
    else {
      this.left += shift[0];
      this.top += shift[1];
      this.moved();
    }
  }

  // The scale at which all of the photo is seen, with room for what floats over the stage.
  fitScale() {
    const { ratio } = this;
    const room = [this.photo.width - 32 * ratio, this.photo.height - 112 * ratio];
    return Math.max(Math.min(room[0] / this.width, room[1] / this.height, 8), 0.001);
  }

  fit() {
    if (!this.levels.length) return;
    this.scale = this.fitScale();
    this.left = Math.round((this.photo.width - this.width * this.scale) / 2);
    this.top = Math.round(Math.max((this.photo.height - 84 * this.ratio - this.height * this.scale) / 2, 8 * this.ratio));
    this.isFitted = true;
    this.moved();
  }

  // Zooms so that what lies under a point of the screen stays there.
  zoomTo(scale, x = this.photo.width / 2, y = this.photo.height / 2) {
    scale = Math.min(Math.max(scale, Math.min(this.fitScale() / 4, 1)), MOST);
    this.left = x - ((x - this.left) / this.scale) * scale;
    this.top = y - ((y - this.top) / this.scale) * scale;
    if (scale >= 1 && Number.isInteger(scale)) [this.left, this.top] = [Math.round(this.left), Math.round(this.top)];
    this.scale = scale;
    this.isFitted = false;
    this.keepInSight();
    this.moved();
  }

  moveBy(x, y) {
    this.left += x;
    this.top += y;
    this.isFitted = false;
    this.keepInSight();
    this.moved();
  }

  keepInSight() {
    const rest = 48 * this.ratio;
    this.left = Math.min(Math.max(this.left, rest - this.width * this.scale), this.photo.width - rest);
    this.top = Math.min(Math.max(this.top, rest - this.height * this.scale), this.photo.height - rest);
  }

  // From a position in the window, in CSS pixels, to one of the photo.
  positionOf({ clientX, clientY }) {
    const { x, y } = this.screenOf(clientX, clientY);
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  screenOf(clientX, clientY) {
    return { x: (clientX - this.box.left) * this.ratio, y: (clientY - this.box.top) * this.ratio };
  }

  // From a position of the photo to one on the stage, in CSS pixels.
  onStage({ x, y }) {
    return { x: (x * this.scale + this.left) / this.ratio, y: (y * this.scale + this.top) / this.ratio };
  }

  moved() {
    this.isMoved = true;
    this.schedule();
    this.onMove();
  }

  // A box of a layer changed.
  touch(box) {
    if (this.isMoved || !box) return;
    const { left, top, scale } = this;
    const [x0, y0, x1, y1] = [box[0] * scale + left, box[1] * scale + top, box[2] * scale + left, box[3] * scale + top];
    // What a reduced level stands for, and a rim, reach a little further.
    const rim = 2 + 2 * Math.ceil(scale);
    const found = [Math.floor(x0) - rim, Math.floor(y0) - rim, Math.ceil(x1) + rim, Math.ceil(y1) + rim];
    this.dirty = this.dirty
      ? [Math.min(found[0], this.dirty[0]), Math.min(found[1], this.dirty[1]), Math.max(found[2], this.dirty[2]), Math.max(found[3], this.dirty[3])]
      : found;
    this.schedule();
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.onFrame();
    this.isScheduled = false; // What a frame asks for is drawn with it.
    if (!this.levels.length) return;
    if (this.isMoved) {
      this.isMoved = false;
      this.dirty = null;
      this.drawPhoto();
      this.drawMarks(0, 0, this.overlay.width, this.overlay.height);
    } else if (this.dirty) {
      const [x0, y0, x1, y1] = this.dirty;
      this.dirty = null;
      this.drawMarks(Math.max(x0, 0), Math.max(y0, 0), Math.min(x1, this.overlay.width), Math.min(y1, this.overlay.height));
    }
  }

  drawPhoto() {
    const { photoContext: context, photo, scale } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, photo.width, photo.height);
    context.imageSmoothingEnabled = scale < SHARP;
    context.imageSmoothingQuality = "medium";
    const [width, height] = [this.width * scale, this.height * scale];
    if (this.hasAlpha) {
      context.fillStyle = this.checks();
      context.fillRect(this.left, this.top, width, height);
    }
    let level = 0;
    while (level + 1 < this.levels.length && scale * 2 ** (level + 1) <= 1) level++;
    this.drawPart(this.levels[level], 0, 0, this.width, this.height);
    if (this.other) {
      context.save();
      context.beginPath();
      context.rect(this.left, this.top, width, height); // A piece may reach past the photo's border.
      context.clip();
      for (const { bitmap, begin, end } of this.other) this.drawPart(bitmap, begin[1], begin[0], end[1] - begin[1], end[0] - begin[0]);
      context.restore();
      return;
    }
    context.save();
    context.beginPath();
    context.rect(this.original * photo.width, 0, photo.width, photo.height);
    context.clip();
    for (const { bitmap, begin } of this.patches) this.drawPart(bitmap, begin[1], begin[0], bitmap.width, bitmap.height);
    context.restore();
  }

  // Draws a picture where it belongs in the photo; of a large one, the part in sight alone.
  drawPart(picture, left, top, width, height) {
    const { photoContext: context, photo, scale } = this;
    const [fx, fy] = [picture.width / width, picture.height / height];
    const x0 = Math.max(Math.floor(-this.left / scale) - 1 - left, 0);
    const y0 = Math.max(Math.floor(-this.top / scale) - 1 - top, 0);
    const x1 = Math.min(Math.ceil((photo.width - this.left) / scale) + 1 - left, width);
    const y1 = Math.min(Math.ceil((photo.height - this.top) / scale) + 1 - top, height);
    if (x0 >= x1 || y0 >= y1) return;
    context.drawImage(
      picture,
      x0 * fx, y0 * fy, (x1 - x0) * fx, (y1 - y0) * fy,
      this.left + (left + x0) * scale, this.top + (top + y0) * scale, (x1 - x0) * scale, (y1 - y0) * scale,
    );
  }

  checks() {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 16;
    const context = tile.getContext("2d");
    context.fillStyle = "#d8d8de";
    context.fillRect(0, 0, 16, 16);
    context.fillStyle = "#bcbcc6";
    context.fillRect(0, 0, 8, 8);
    context.fillRect(8, 8, 8, 8);
    return this.photoContext.createPattern(tile, "repeat");
  }

  // Of a level of the layers, the column or row that each pixel of the screen shows; -1 outside the photo.
  table(offset, count, size, level, levelSize) {
    const table = new Int32Array(count);
    for (let at = 0; at < count; at++) {
      const position = Math.floor((at + 0.5 - offset) / this.scale);
      table[at] = position < 0 || position >= size ? -1 : Math.min(position >> level, levelSize - 1);
    }
    return table;
  }

  drawMarks(x0, y0, x1, y1) {
    if (x0 >= x1 || y0 >= y1) return;
    const { pixels, image, overlay } = this;
    const { mask, sketch } = this.layers;
    let level = 0;
    while (level + 1 < mask.levels.length && this.scale * 2 ** (level + 1) <= 1) level++;
    const { width, height, data } = mask.levels[level];
    const lines = sketch && sketch.levels[level].data;
    const columns = this.table(this.left, overlay.width, this.width, level, width);
    const rows = this.table(this.top, overlay.height, this.height, level, height);
    const isMarked = (row, column) => row >= 0 && column >= 0 && data[row * width + column] === 1;
    for (let y = y0; y < y1; y++) {
      const row = rows[y];
      const line = y * overlay.width;
      if (row < 0 || !this.isMaskShown) {
        pixels.fill(0, line + x0, line + x1);
        continue;
      }
      const above = y > 0 ? rows[y - 1] : row;
      const below = y + 1 < overlay.height ? rows[y + 1] : row;
      for (let x = x0; x < x1; x++) {
        const column = columns[x];
        let color = 0;
        if (column >= 0) {
          if (lines && lines[row * width + column]) color = LINE;
          else if (data[row * width + column]) {
            const before = x > 0 ? columns[x - 1] : column;
            const behind = x + 1 < overlay.width ? columns[x + 1] : column;
            const isInside = isMarked(above, column) && isMarked(below, column) && isMarked(row, before) && isMarked(row, behind);
            color = isInside ? FILL : RIM;
          }
        }
        pixels[line + x] = color;
      }
    }
    this.overlayContext.putImageData(image, 0, 0, x0, y0, x1 - x0, y1 - y0);
  }
}
