// Completes a photo in the browser: photo, network and result stay on this computer.
//
// A photo is two canvases of its size: the photo, and the mask over it, whose hole is where it is painted at all. For each place that
// is painted the network sees a crop around it, reduced if need be. Its picture is kept in the hole alone: other pixels are the photo's.

import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

const LARGEST = 512; // Longest side that the network is given, in pixels: its memory grows with the square of the area.
const CONTEXT = 2; // Longest side of a crop over that of the place in it, at least.

ort.env.wasm.proxy = true; // It computes in a worker, so that the page stays awake.

const element = (id) => document.querySelector(`#${id}`);
const pixels = { willReadFrequently: true };
export const photo = element("photo").getContext("2d", { ...pixels, alpha: false });
export const mask = element("mask").getContext("2d", pixels);

const session = ort.InferenceSession.create(new URL("model.onnx", location.href).href);
let places = []; // Boxes of what is painted, [left, top, right, bottom], ends exclusive; none overlaps another.
let isBusy = false;

function say(text) {
  element("status").textContent = text;
}

function showButtons() {
  const has = photo.canvas.width > 0 && !isBusy;
  element("complete").disabled = element("clear").disabled = !(has && places.length);
  element("save").disabled = !has;
}

async function open(file) {
  // Upright, in sRGB, 8 bits a channel, on white where it is transparent.
  const image = await createImageBitmap(file);
  for (const { canvas } of [photo, mask]) [canvas.width, canvas.height] = [image.width, image.height];
  photo.fillStyle = "white";
  photo.fillRect(0, 0, image.width, image.height);
  photo.drawImage(image, 0, 0);
  clear();
  say("Paint over what should go.");
}

function clear() {
  mask.clearRect(0, 0, mask.canvas.width, mask.canvas.height);
  places = [];
  showButtons();
}

function position(event) {
  const box = mask.canvas.getBoundingClientRect();
  const scale = mask.canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale, scale];
}

function paint(event, from) {
  const [x, y, scale] = position(event);
  mask.strokeStyle = "#e00000";
  mask.lineCap = mask.lineJoin = "round";
  mask.lineWidth = element("brush").value * scale;
  mask.beginPath();
  mask.moveTo(...from);
  mask.lineTo(x, y);
  mask.stroke();
  addPlace([Math.min(x, from[0]), Math.min(y, from[1]), Math.max(x, from[0]), Math.max(y, from[1])], mask.lineWidth / 2 + 1);
  showButtons();
  return [x, y];
}

/** Adds a box, grown by a margin, to the places: what overlaps is one of them. */
function addPlace([left, top, right, bottom], margin) {
  left = Math.max(Math.floor(left - margin), 0);
  top = Math.max(Math.floor(top - margin), 0);
  right = Math.min(Math.ceil(right + margin), mask.canvas.width);
  bottom = Math.min(Math.ceil(bottom + margin), mask.canvas.height);
  if (left >= right || top >= bottom) return; // Beside the photo.
  const overlaps = ([l, t, r, b]) => l < right && left < r && t < bottom && top < b;
  for (let place; (place = places.find(overlaps)); ) {
    places.splice(places.indexOf(place), 1);
    [left, top] = [Math.min(left, place[0]), Math.min(top, place[1])];
    [right, bottom] = [Math.max(right, place[2]), Math.max(bottom, place[3])];
  }
  places.push([left, top, right, bottom]);
}

/** What the network sees of the photo: left, top, width, height. */
function cropAround([left, top, right, bottom]) {
  const wanted = Math.max(LARGEST, CONTEXT * Math.max(right - left, bottom - top));
  const side = (begin, end, whole) => {
    const length = Math.min(wanted, whole);
    return [Math.min(Math.max(Math.round((begin + end - length) / 2), 0), whole - length), length];
  };
  const [x, width] = side(left, right, photo.canvas.width);
  const [y, height] = side(top, bottom, photo.canvas.height);
  return [x, y, width, height];
}

/** A part of a canvas in another size: its pixels, RGBA. */
function resized(canvas, [x, y, fromWidth, fromHeight], width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", pixels);
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, x, y, fromWidth, fromHeight, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** What the network makes of levels RGBA of a photo and of a mask, both ImageData: ImageData. */
async function completed(image, marks) {
  const { width, height } = image;
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, index) => image.data[4 * Math.floor(index / 3) + (index % 3)]);
  const hole = Uint8Array.from({ length: width * height }, (_, index) => (marks.data[4 * index + 3] > 0 ? 1 : 0));
  if (hole.every((one) => one)) throw new Error("Everything is painted over: nothing is left to complete it from.");
  const network = await session;
  const inputs = {
    image: new ort.Tensor("uint8", rgb, [1, height, width, 3]),
    mask: new ort.Tensor("uint8", hole, [1, height, width, 1]),
  };
  if (network.inputNames.includes("sketch")) inputs.sketch = new ort.Tensor("uint8", new Uint8Array(hole.length), [1, height, width, 1]);
  const { data } = (await network.run(inputs)).completed;
  const rgba = Uint8ClampedArray.from(image.data, (_, index) => (index % 4 < 3 ? data[3 * Math.floor(index / 4) + (index % 4)] : 255));
  return new ImageData(rgba, width, height);
}

async function complete() {
  for (const [index, place] of places.entries()) {
    say(`Completing ${index + 1} of ${places.length}`);
    await completePlace(place);
  }
  clear();
}

async function completePlace([left, top, right, bottom]) {
  const crop = cropAround([left, top, right, bottom]);
  const [x, y, width, height] = crop;
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const made = await completed(resized(photo.canvas, crop, ...size), resized(mask.canvas, crop, ...size));

  const small = new OffscreenCanvas(...size);
  small.getContext("2d").putImageData(made, 0, 0);
  const own = [left, top, right - left, bottom - top];
  const filling = resized(small, [0, 0, ...size], width, height);
  const [result, marks] = [photo.getImageData(...own), mask.getImageData(...own)];
  for (let index = 0; index < marks.data.length; index += 4) {
    if (marks.data[index + 3] === 0) continue;
    const [column, row] = [(index / 4) % own[2], Math.floor(index / 4 / own[2])];
    const from = 4 * ((row + top - y) * width + column + left - x);
    result.data.set(filling.data.subarray(from, from + 4), index);
  }
  photo.putImageData(result, left, top);
}

/** Does something that takes a while, one thing at a time, and says how it went. */
async function whileBusy(work) {
  if (isBusy) return;
  isBusy = true;
  showButtons();
  const begin = performance.now();
  try {
    await work();
    say(`Done in ${((performance.now() - begin) / 1000).toFixed(1)} s.`);
  } catch (error) {
    say(error.message);
  }
  isBusy = false;
  showButtons();
}

function save() {
  photo.canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "completed.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}

element("file").addEventListener("change", ({ target }) => {
  if (target.files.length) open(target.files[0]).catch(() => say(`${target.files[0].name} is no picture that this browser reads.`));
});
element("tools").addEventListener("submit", (event) => {
  event.preventDefault();
  whileBusy(complete);
});
element("clear").addEventListener("click", clear);
element("save").addEventListener("click", save);
element("mask").addEventListener("pointerdown", (down) => {
  if (isBusy) return;
  mask.canvas.setPointerCapture(down.pointerId);
  let last = paint(down, position(down).slice(0, 2));
  const move = (event) => {
    last = paint(event, last);
  };
  mask.canvas.addEventListener("pointermove", move);
  mask.canvas.addEventListener("lostpointercapture", () => mask.canvas.removeEventListener("pointermove", move), { once: true });
});

session.then(
  () => say("Open a photo."),
  (error) => say(`The network could not be loaded: ${error.message}`),
);
