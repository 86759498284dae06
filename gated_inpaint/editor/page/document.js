// A photo that is worked on: its marks, its history, its results; and what the server has to know of it. The server may forget, or be
// started anew: it is then given the photo's file, and each result, once more.

import { History } from "./history.js";
import { Layer } from "./layer.js";
import { ask, post, Refusal } from "./server.js";

export class PhotoDocument {
  // Of a File, or of a photo's name in the server's folder; opened by `open`.
  constructor(source) {
    this.source = source;
    this.patches = []; // Results from the first to the last one in sight: {version, parent, begin, end, blob, bitmap, bytes, plan, seconds}.
    this.isSaved = true;
  }

  get version() {
    return this.patches.length ? this.patches[this.patches.length - 1].version : "original";
  }

  get path() {
    return `/api/v1/photos/${this.facts.id}`;
  }

  async open(onHistory) {
    // Of a JPEG, the browser makes of the file what the server would send; it need not wait for it.
    const { file } = this.source;
    const early = file && /\.jpe?g$/i.test(file.name) ? bitmapOf(file).catch(() => null) : null;
    await this.upload();
    const { width, height, is_shown_as_file: isShownAsFile } = this.facts;
    this.bitmap = isShownAsFile ? await early : null;
    this.bitmap ||= await bitmapOf(await (await ask(`${this.path}/picture`)).blob());
    if (this.bitmap.width !== width || this.bitmap.height !== height) throw new Error("The browser cannot show this photo.");
    this.mask = new Layer(width, height);
    this.sketch = null;
    this.history = new History((result, isUndone) => {
      if (isUndone) this.patches.pop();
      else this.patches.push(result);
      this.isSaved = false;
    }, onHistory);
    return this;
  }

  async upload() {
    const { file, name } = this.source;
    const query = file ? `name=${encodeURIComponent(file.name || "photo.png")}` : `from_folder=${encodeURIComponent(name)}`;
    this.facts = await (await post(`/api/v1/photos?${query}`, file)).json();
  }

  // Does what needs the server to hold this photo; brings it back where the server has forgotten it.
  async held(action) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Refusal) || !error.isNotHeld) throw error;
    }
    await this.upload();
    for (const { parent, begin, blob } of this.patches) {
      await post(`${this.path}/patches?parent=${parent}&row=${begin[0]}&column=${begin[1]}`, blob);
    }
    return action();
  }

  // What a job made, as a result to add to the history.
  async resultOf({ version, begin, end, patch, plan, seconds }) {
    const blob = await (await ask(patch)).blob();
    const bitmap = await bitmapOf(blob);
    const bytes = blob.size + 4 * bitmap.width * bitmap.height;
    return { version, parent: this.version, begin, end, blob, bitmap, bytes, plan, seconds };
  }

  layers() {
    return this.sketch ? { mask: this.mask, sketch: this.sketch } : { mask: this.mask };
  }

  needSketch() {
    this.sketch ||= new Layer(this.facts.width, this.facts.height);
    return this.sketch;
  }

  // {blob, name} of the result.
  file(format, quality) {
    return this.held(async () => {
      const response = await ask(`${this.path}/versions/${this.version}/file?output_format=${format}&quality=${quality}`);
      const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") || "");
      const notes = JSON.parse(response.headers.get("Notes") || "[]");
      return { blob: await response.blob(), name: name ? decodeURIComponent(name[1]) : "completed.png", notes };
    });
  }
}

// Upright, and with its profile; not blended with anything.
function bitmapOf(blob) {
  return createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "default", colorSpaceConversion: "default" });
}
