// The page: what its buttons and keys do, and what runs when.

import { PhotoDocument } from "./document.js";
import { Edit } from "./layer.js";
import { pngOf, writeFound } from "./png.js";
import { ask, back, get, Gone, post, postJson, Refusal } from "./server.js";
import { applyTheme, remember, settings } from "./settings.js";
import { grow } from "./shapes.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

const GROWN = 4; // Pixels by which a mask is grown or shrunk at once, in a photo of a megapixel; in proportion to its side.
const SKETCH_RADIUS = 1; // The network was shown thin lines.
const LARGE_HOLE = 256; // Pixels; networks were trained on holes of about half of 256.

const STRATEGIES = {
  auto: ["Automatic", "Thick holes that are larger than those trained on in reduced crops, all others at the photo's own scale."],
  original: ["As it is", "The photo at its own scale: sharp, and best for holes of up to some hundred pixels."],
  crop: ["Reduced", "Each hole in a crop reduced to the working size: more structure in large holes, and softer."],
  tiles: ["In tiles", "At the photo's own scale, tile by tile: for scratches all over a large scan."],
};

const KEYS = [
  ["Brush", "B"], ["Eraser, or the right button", "E"], ["Straight line", "I"], ["Line from the last point", "Shift click"],
  ["Rectangle", "R"], ["Lasso", "L"], ["Find the object", "W"], ["Sketch lines", "S"], ["Move the photo", "Space"],
  ["Brush smaller, larger", "[ ]"], ["Brush size", "Alt wheel"], ["Grow, shrink the mask", "G, Shift G"], ["Invert the mask", "X"],
  ["Clear the mask", "Delete"], ["Show the mask", "M"], ["Run", "Shift R"], ["Run again", "Shift A"], ["Cancel", "Esc"], ["Undo", "Ctrl Z"],
  ["Redo", "Ctrl Shift Z"], ["Hold: the original", "Tab"], ["Wipe", "C"], ["Fit", "0"], ["One to one", "1"], ["Zoom", "+ -, wheel"],
  ["Download", "Ctrl S"], ["Copy", "Ctrl C"], ["Open", "Ctrl O"], ["Next, previous photo", "Right, Left"], ["Settings", ","], ["Keys", "?"],
];

const $ = (id) => document.getElementById(id);

const view = new View($("stage"), $("photo"), $("overlay"));
const state = {
  doc: null,
  docs: new Map(), // {name in the folder: PhotoDocument}
  names: [],
  tool: "brush",
  models: [],
  strategies: ["original"],
  limits: { upload_bytes: Infinity },
  run: null, // {doc, sent, job, isCancelled, wantsMore}
  opening: 0,
};

// What the tools ask for.

const tools = new Tools(view, {
  document: () => state.doc,
  tool: () => state.tool,
  radius: (tool) => (tool === "sketch" ? SKETCH_RADIUS : brushSize() / 2),
  pressure: () => settings.pressure,
  resize: (direction) => resizeBrush(direction),
  finished(step, { isErased, layer }) {
    if (layer === state.doc.sketch && view.layers.sketch !== layer) view.setLayers(state.doc.layers());
    state.doc.history.add([step]);
    applyWaitingResult();
    if (step && !isErased && layer === state.doc.mask && settings.auto && !takesSketch()) run();
  },
  findObject,
});

view.onMove = () => {
  $("zoom-full").textContent = view.levels.length ? `${percent(view.scale)} %` : "";
  tools.drawMarks();
  placeWipe();
};

function percent(scale) {
  return scale < 0.1 ? (100 * scale).toFixed(1) : Math.round(100 * scale);
}

// Opening.

async function openFile(file) {
  if (!file) return;
  if (file.size > state.limits.upload_bytes) {
    const limit = `${state.limits.upload_bytes / 1e6} MB`;
    tell(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB, more than the limit of ${limit}; --max_upload_megabytes raises it.`);
    return;
  }
  await open(new PhotoDocument({ file }));
}

async function openName(name) {
  const known = state.docs.get(name);
  if (known) show(known);
  else await open(new PhotoDocument({ name }));
}

async function open(doc) {
  const number = ++state.opening;
  tell("");
  $("status").textContent = "Opening ...";
  $("progress").hidden = false;
  $("progress").className = "progress unknown";
  try {
    await doc.open(changed);
    if (number !== state.opening) return;
    if (doc.source.name) state.docs.set(doc.source.name, doc);
    show(doc);
    for (const note of doc.facts.notes) $("status").textContent = `${doc.facts.name}: ${note}.`;
  } catch (error) {
    if (number !== state.opening) return;
    $("status").textContent = "";
    if (error instanceof Gone) {
      await waitForServer();
      return open(doc);
    }
    tell(error instanceof Refusal ? error.message : "The browser cannot show this photo.");
  } finally {
    if (number === state.opening) $("progress").hidden = true;
  }
}

function show(doc) {
  if (state.run && state.run.doc !== doc) cancel();
  state.doc = doc;
  const { name, width, height, bits, channels, format } = doc.facts;
  view.show(doc.bitmap, doc.layers(), channels === 2 || channels === 4);
  view.patches = doc.patches;
  $("welcome").hidden = true;
  $("dock").hidden = $("zoom").hidden = false;
  $("photo-name").textContent = name;
  $("photo-facts").textContent = `${width} × ${height}, ${bits === 16 ? "16-bit " : ""}${format}`;
  document.title = `${name} - gated_inpaint`;
  for (const button of $("strip").children) {
    const isCurrent = button.dataset.name === doc.source.name;
    if (isCurrent) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (isCurrent) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  tools.lastPoint = null;
  $("status").textContent = "";
  showSize();
  chooseTool(state.tool);
  resetStages();
  changed();
  view.overlay.focus({ preventScroll: true });
}

// Marks.

function brushSize() {
  const { width, height } = state.doc ? state.doc.facts : { width: 1000, height: 1000 };
  return Math.max(Math.round(settings.size * Math.min(width, height)), 1);
}

// The slider is even in ratios, from one pixel to the photo's shorter side.
const shorterSide = () => (state.doc ? Math.min(state.doc.facts.width, state.doc.facts.height) : 1000);

function setBrushSize(pixels) {
  const side = shorterSide();
  remember({ size: Math.min(Math.max(pixels, 1), side) / side });
  showSize();
}

function resizeBrush(direction) {
  const size = brushSize();
  const next = direction > 0 ? Math.max(Math.round(size * 1.15), size + 1) : Math.min(Math.round(size / 1.15), size - 1);
  setBrushSize(next);
}

function showSize() {
  const size = brushSize();
  const part = Math.log(size) / Math.log(Math.max(shorterSide(), 2));
  $("size").value = Math.round(1000 * part);
  $("size").style.setProperty("--part", `${100 * part}%`);
  $("size").setAttribute("aria-valuetext", `${size} pixels`);
  $("size-shown").textContent = `${size} px`;
  $("size-label").style.setProperty("--dot", `${3 + 17 * part}px`);
  tools.drawMarks();
}

function chooseTool(tool) {
  if (tool === "sketch" && !takesSketch()) tool = "brush";
  state.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  tools.showCursor();
}

// One step of the history that changes the mask, or another layer, as a whole.
function editLayer(change, layer = state.doc.mask) {
  const edit = new Edit(layer);
  edit.touched(change(layer));
  state.doc.history.add([edit.step()]);
}

function growMask(sign) {
  const { width, height } = state.doc.facts;
  const pixels = Math.max(Math.round((GROWN * Math.max(width, height)) / 1200), 1);
  editLayer((mask) => grow(mask, sign * pixels));
  $("status").textContent = `${sign > 0 ? "Grown" : "Shrunk"} by ${pixels} px.`;
}

function invertMask() {
  editLayer((mask) => {
    for (let at = 0; at < mask.data.length; at++) mask.data[at] ^= 1;
    return [0, 0, mask.width, mask.height];
  });
}

function clearLayer(layer = state.doc.mask) {
  const box = layer.box();
  if (!box) return;
  editLayer(() => (layer.data.fill(0), box), layer);
}

async function findObject(points, isErased) {
  const { doc } = state;
  const { width, height } = doc.facts;
  const rounded = (point) => [Math.floor(point.y), Math.floor(point.x)];
  let [begin, end] = [rounded(points[0]), rounded(points[points.length - 1])];
  let point = null;
  if (points.length === 1) {
    if (points[0].x < 0 || points[0].y < 0 || points[0].x >= width || points[0].y >= height) return;
    // An object under a click is looked for in a window of what is in sight.
    const inSight = Math.min(Math.min(width, view.photo.width / view.scale), Math.min(height, view.photo.height / view.scale));
    const reach = Math.max(Math.round(0.4 * inSight), 24);
    point = begin;
    [begin, end] = [[begin[0] - reach, begin[1] - reach], [begin[0] + reach, begin[1] + reach]];
  } else {
    [begin, end] = [
      [Math.min(begin[0], end[0]), Math.min(begin[1], end[1])],
      [Math.max(begin[0], end[0]) + 1, Math.max(begin[1], end[1]) + 1],
    ];
  }
  $("status").textContent = "Looking for the object ...";
  try {
    const found = await doc.held(() => postJson(`${doc.path}/object`, { begin, end, point, version: doc.version }));
    if (state.doc !== doc) return;
    const edit = new Edit(doc.mask);
    edit.touched(await writeFound(doc.mask, found, isErased ? 0 : 1));
    const step = edit.step();
    $("status").textContent = "";
    doc.history.add([step]);
    if (step && !isErased && settings.auto && !takesSketch()) run();
  } catch (error) {
    $("status").textContent = "";
    failed(error, () => findObject(points, isErased));
  }
}

async function loadMask(file) {
  const { doc } = state;
  if (!file || !doc) return;
  try {
    const query = `name=${encodeURIComponent(file.name)}`;
    const found = await (await doc.held(() => post(`${doc.path}/mask?${query}`, file))).json();
    const before = doc.mask.box();
    const edit = new Edit(doc.mask);
    if (before) edit.touched((doc.mask.data.fill(0), before));
    edit.touched(await writeFound(doc.mask, found, 1));
    doc.history.add([edit.step()]);
    if (found.note) $("status").textContent = found.note;
  } catch (error) {
    failed(error, () => loadMask(file));
  }
}

async function drawEdges() {
  const { doc } = state;
  $("status").textContent = "Drawing the edges ...";
  try {
    const found = await doc.held(() => postJson(`${doc.path}/edges`, { version: doc.version }));
    const sketch = doc.needSketch();
    const edit = new Edit(sketch);
    edit.touched(await writeFound(sketch, found, 1));
    view.setLayers(doc.layers());
    doc.history.add([edit.step()]);
    $("status").textContent = "";
  } catch (error) {
    $("status").textContent = "";
    failed(error, drawEdges);
  }
}

// Completing.

const model = () => state.models.find(({ name }) => name === settings.model) || state.models[0];
const takesSketch = () => Boolean(model() && model().takes_sketch);
const strategy = () => (state.strategies.includes(settings.strategy) ? settings.strategy : state.strategies[0]);

function options() {
  const isSized = strategy() !== "original" && settings.workingSize > 0;
  return { model: model() ? model().name : "", hd_strategy: strategy(), ...(isSized ? { working_size: String(settings.workingSize) } : {}) };
}

async function run() {
  const { doc } = state;
  if (!doc) return;
  if (state.run) {
    state.run.wantsMore = true;
    return;
  }
  if (doc.mask.isEmpty()) {
    tell("The mask is empty: paint over what should go first.");
    return;
  }
  if (doc.mask.isFull()) {
    tell("The mask covers the whole photo: nothing is left to complete it from.");
    return;
  }
  tell("");
  const mine = (state.run = { doc, sent: doc.mask.data.slice(), job: null, isCancelled: false, wantsMore: false });
  showRun({ state: "queued" });
  try {
    const mask = await pngOf({ ...doc.facts, data: mine.sent });
    const sketch = takesSketch() ? await pngOf(doc.needSketch()) : null;
    let job = await doc.held(async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ version: doc.version, ...options() })) form.append(name, value);
      form.append("mask", mask, "of the page");
      if (sketch) form.append("sketch", sketch, "of the page");
      return (await post(`${doc.path}/results`, form)).json();
    });
    while (!mine.isCancelled && (job.state === "queued" || job.state === "running")) {
      mine.job = job.id;
      showRun(job);
      job = await get(`/api/v1/jobs/${job.id}?wait=${job.state === "queued" ? 1 : 0.5}`);
    }
    if (mine.isCancelled) {
      mine.job = job.id;
      drop(mine);
      return;
    }
    if (job.state !== "done") throw new Refusal({ detail: job.problem || "The completion was cancelled." }, 422);
    mine.result = await doc.resultOf(job.result);
    if (mine.isCancelled) return;
    if (tools.isBusy) mine.isWaiting = true;
    else applyResult(mine);
  } catch (error) {
    if (mine.isCancelled) return;
    endRun();
    if (error instanceof Refusal && error.isNotHeld && !mine.wasGone) {
      mine.wasGone = true; // The server was started anew between two questions.
      return run();
    }
    await failed(error, run);
  }
}

function applyWaitingResult() {
  if (state.run && state.run.isWaiting) applyResult(state.run);
}

// What was sent is done, and leaves the mask; what was painted since stays, and is next where that is wished.
function applyResult({ doc, sent, result, wantsMore }) {
  endRun();
  const clear = (layer) => {
    const edit = new Edit(layer);
    const [[top, left], [bottom, right]] = [result.begin, result.end];
    for (let row = top; row < bottom; row++) {
      for (let at = row * layer.width + left, end = row * layer.width + right; at < end; at++) if (sent[at]) layer.data[at] = 0;
    }
    edit.touched([left, top, right, bottom]);
    return edit.step();
  };
  const layers = [clear(doc.mask)];
  if (doc.sketch) layers.push(clear(doc.sketch));
  doc.patches.push(result);
  doc.isSaved = false;
  doc.history.add(layers, result);
  const button = [...$("strip").children].find(({ dataset }) => dataset.name === doc.source.name);
  if (button) button.dataset.done = "";
  $("status").textContent = `Done in ${seconds(result.seconds)}.`;
  if (wantsMore && settings.auto && !doc.mask.isEmpty()) run();
}

function showRun(job) {
  view.overlay.classList.add("running");
  $("run").hidden = true;
  $("cancel").hidden = false;
  const progress = $("progress");
  progress.hidden = false;
  const part = job.progress ? job.progress[0] / job.progress[1] : job.estimate && job.seconds ? job.seconds / job.estimate : null;
  progress.className = part === null ? "progress unknown" : "progress";
  if (part !== null) {
    progress.style.setProperty("--part", Math.min(part, 0.96));
    progress.setAttribute("aria-valuenow", Math.round(100 * Math.min(part, 0.96)));
  } else progress.removeAttribute("aria-valuenow");
  const left = job.estimate ? job.estimate - (job.seconds || 0) : null;
  $("status").textContent =
    job.state === "queued" && job.jobs_before
      ? `Waiting for ${job.jobs_before === 1 ? "one other" : `${job.jobs_before} others`} ...`
      : left !== null && left > 0.7
        ? `Completing, about ${seconds(left)} ...`
        : "Completing ...";
  showButtons();
}

function endRun() {
  state.run = null;
  view.overlay.classList.remove("running");
  $("run").hidden = false;
  $("cancel").hidden = true;
  $("progress").hidden = true;
  $("status").textContent = "";
  showButtons();
}

function cancel() {
  const mine = state.run;
  if (!mine) return;
  mine.isCancelled = true;
  drop(mine);
  endRun();
  $("status").textContent = "Cancelled.";
}

function drop(mine) {
  if (mine.job) ask(`/api/v1/jobs/${mine.job}`, { method: "DELETE", keepalive: true }).catch(() => {});
}

function again() {
  const { doc } = state;
  const last = doc.history.done[doc.history.done.length - 1];
  if (!last || !last.result || state.run) return;
  doc.history.undo();
  run();
}

function seconds(number) {
  return number < 1 ? "less than a second" : number < 90 ? `${Math.round(number)} s` : `${Math.round(number / 60)} min`;
}

// An estimate, and a word on holes that are larger than what networks know.
let estimating = 0;
function estimate() {
  clearTimeout(estimating);
  estimating = setTimeout(async () => {
    const { doc } = state;
    if (!doc || state.run || tools.isBusy) return;
    const box = doc.mask.box();
    if (!box) return;
    const [left, top, right, bottom] = box;
    try {
      const said = await doc.held(() => postJson(`${doc.path}/estimate`, { begin: [top, left], end: [bottom, right], ...options() }));
      if (state.run || state.doc !== doc || doc.mask.isEmpty()) return;
      const total = said.seconds === null ? "" : `About ${seconds(said.seconds + said.waiting_seconds)}.`;
      const isLarge = strategy() === "original" && state.strategies.includes("auto") && Math.min(right - left, bottom - top) > LARGE_HOLE;
      const advice = isLarge ? " The hole is larger than what the network knows: Large holes, Automatic (in the settings) may do better." : "";
      $("status").textContent = (total + advice).trim();
    } catch {
      // It is only an estimate.
    }
  }, 200);
}

// What went wrong: beside what caused it, or a banner until the server is back.

function tell(sentence) {
  const place = state.doc ? $("problem") : $("welcome-problem");
  (state.doc ? $("problem").firstElementChild : place).textContent = sentence;
  place.hidden = !sentence;
}

async function failed(error, retry) {
  if (error instanceof Gone) {
    await waitForServer();
    return retry();
  }
  tell(error instanceof Refusal ? error.message : `Something went wrong on the page: ${error.message}`);
}

let waiting = null;
function waitForServer() {
  $("gone").hidden = false;
  waiting ||= back().then(() => {
    waiting = null;
    $("gone").hidden = true;
    readModels();
  });
  return waiting;
}

// Looking.

function setOriginal(part, word) {
  view.original = part;
  $("chip").hidden = !word;
  $("chip").textContent = word;
  view.moved();
}

function holdOriginal(isHeld) {
  if (!state.doc || (isHeld && !state.doc.patches.length)) return;
  const isWiped = $("wipe").getAttribute("aria-pressed") === "true";
  view.isMaskShown = !isHeld && $("show-mask").getAttribute("aria-pressed") === "true";
  setOriginal(isHeld ? 1 : isWiped ? wipeAt : 0, isHeld ? "Original" : "");
}

let wipeAt = 0.5;
function placeWipe() {
  const handle = $("wipe-handle");
  handle.style.left = `${100 * wipeAt}%`;
  handle.setAttribute("aria-valuenow", Math.round(100 * wipeAt));
}

function wipeTo(part) {
  wipeAt = Math.min(Math.max(part, 0), 1);
  placeWipe();
  setOriginal(wipeAt, "");
}

function toggleWipe(isOn = $("wipe").getAttribute("aria-pressed") !== "true") {
  isOn = isOn && Boolean(state.doc && state.doc.patches.length);
  $("wipe").setAttribute("aria-pressed", String(isOn));
  $("wipe-handle").hidden = !isOn;
  if (isOn) wipeTo(0.5);
  else setOriginal(0, "");
}

function toggleMask() {
  const isShown = $("show-mask").getAttribute("aria-pressed") !== "true";
  $("show-mask").setAttribute("aria-pressed", String(isShown));
  view.isMaskShown = isShown;
  view.moved();
}

function resetStages() {
  view.other = null;
  for (const button of [...$("stages").children]) if (button.id !== "show-stages") button.remove();
  $("show-stages").hidden = false;
}

async function showStages() {
  const { doc } = state;
  try {
    $("status").textContent = "Asking the network what it saw ...";
    let job = await doc.held(async () => (await post(`${doc.path}/versions/${doc.version}/stages`)).json());
    while (job.state === "queued" || job.state === "running") job = await get(`/api/v1/jobs/${job.id}?wait=2`);
    if (job.state !== "done") throw new Refusal({ detail: job.problem || "The completion was cancelled." }, 422);
    $("status").textContent = "";
    $("show-stages").hidden = true;
    for (const [name, path] of Object.entries(job.result.pictures)) {
      const button = document.createElement("button");
      button.className = "quiet";
      button.textContent = name;
      button.setAttribute("aria-pressed", "false");
      button.onclick = async () => {
        const isOn = button.getAttribute("aria-pressed") !== "true";
        for (const other of $("stages").children) other.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-pressed", String(isOn));
        try {
          view.other = isOn ? await createImageBitmap(await (await ask(path)).blob()) : null;
        } catch (error) {
          failed(error, () => {});
        }
        $("chip").hidden = !isOn;
        $("chip").textContent = name;
        view.moved();
      };
      $("stages").append(button);
    }
  } catch (error) {
    $("status").textContent = "";
    failed(error, showStages);
  }
}

// Results.

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function download(doc = state.doc) {
  if (!doc || !doc.patches.length) return;
  $("status").textContent = "Writing the file ...";
  try {
    const { blob, name, notes } = await doc.file(settings.format, settings.quality);
    save(blob, name);
    doc.isSaved = true;
    $("status").textContent = notes.length ? notes.join(" ") : `Saved as ${name}.`;
  } catch (error) {
    $("status").textContent = "";
    await failed(error, () => download(doc));
  }
}

async function copy() {
  const { doc } = state;
  if (!doc || !doc.patches.length) return;
  try {
    const png = doc.file("png", 95).then(({ blob }) => blob);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    $("status").textContent = "Copied.";
  } catch (error) {
    if (error instanceof Gone || error instanceof Refusal) failed(error, copy);
    else tell("The browser does not let this page copy pictures: download the result.");
  }
}

async function saveMask() {
  const { doc } = state;
  save(await pngOf(doc.mask), `${doc.facts.name.replace(/\.[^.]*$/, "")}_mask.png`);
}

async function saveAll() {
  for (const doc of state.docs.values()) await download(doc);
}

// What depends on the state of things.

function changed() {
  view.patches = state.doc ? state.doc.patches : [];
  if (state.doc && state.doc.sketch && view.layers.sketch !== state.doc.sketch) view.setLayers(state.doc.layers());
  view.moved();
  resetStages();
  showButtons();
  estimate();
}

function showButtons() {
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

function undo() {
  if (state.run) cancel();
  tools.drop();
  state.doc?.history.undo();
}

function redo() {
  if (state.run) cancel();
  state.doc?.history.redo();
}

async function readModels() {
  let said;
  try {
    said = await get("/api/v1/models");
  } catch {
    setTimeout(readModels, 1000);
    return;
  }
  state.models = said.models;
  state.strategies = said.hd_strategies;
  state.limits = said.limits;
  if (said.problem) tell(said.problem);
  $("model").replaceChildren(...said.models.map(({ name }) => new Option(name, name)));
  $("strategy").replaceChildren(...said.hd_strategies.map((name) => new Option((STRATEGIES[name] || [name])[0], name)));
  showChoice();
  if (!said.problem && said.models.some(({ ready }) => !ready)) setTimeout(readModels, 700);
}

function showChoice() {
  const chosen = model();
  if (!chosen) return;
  $("model").value = chosen.name;
  $("strategy").value = strategy();
  $("model-facts").textContent = chosen.ready ? chosen.network : "Being loaded ...";
  $("strategy-facts").textContent = (STRATEGIES[strategy()] || ["", ""])[1];
  $("working-size-row").hidden = strategy() === "original";
  $("working-size").value = settings.workingSize || "";
  $("sketch-section").hidden = document.querySelector('[data-tool="sketch"]').hidden = !takesSketch();
  if (state.tool === "sketch" && !takesSketch()) chooseTool("brush");
}

async function readFolder() {
  try {
    const { photos, is_folder: isFolder } = await get("/api/v1/folder");
    state.names = photos;
    if (isFolder && photos.length) {
      $("strip").hidden = false;
      $("save-all").hidden = false;
      $("strip").replaceChildren(
        ...photos.map((name) => {
          const button = document.createElement("button");
          button.dataset.name = name;
          button.title = name;
          const picture = document.createElement("img");
          picture.loading = "lazy";
          picture.alt = name;
          picture.src = `/api/v1/folder/${encodeURIComponent(name)}/thumbnail`;
          button.append(picture);
          button.onclick = () => openName(name);
          return button;
        }),
      );
    }
    if (photos.length) await openName(photos[0]);
  } catch (error) {
    failed(error, readFolder);
  }
}

function step(direction) {
  if (!state.doc || !state.names.length) return;
  const next = state.names[state.names.indexOf(state.doc.source.name) + direction];
  if (next) openName(next);
}

function togglePanel(isOpen = $("panel").hidden) {
  $("panel").hidden = !isOpen;
  $("settings").setAttribute("aria-expanded", String(isOpen));
  remember({ panel: isOpen });
}

// Buttons.

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
  wipeTo(wipeAt + change);
});

$("size").addEventListener("input", () => setBrushSize(Math.round(Math.max(shorterSide(), 2) ** ($("size").value / 1000))));
const onChange = (id, act) => $(id).addEventListener("change", (event) => act(event.target));
onChange("photo-file", (input) => (openFile(input.files[0]), (input.value = "")));
onChange("mask-file", (input) => (loadMask(input.files[0]), (input.value = "")));
onChange("model", ({ value }) => (remember({ model: value }), showChoice(), estimate()));
onChange("strategy", ({ value }) => (remember({ strategy: value }), showChoice(), estimate()));
onChange("working-size", ({ value }) => {
  remember({ workingSize: Number(value) > 0 ? Math.min(Math.max(Math.round(value), 64), 4096) : 0 });
  showChoice();
});
onChange("auto", ({ checked }) => remember({ auto: checked }));
onChange("pressure", ({ checked }) => remember({ pressure: checked }));
onChange("format", ({ value }) => remember({ format: value }));
onChange("quality", (input) => (remember({ quality: Math.min(Math.max(Math.round(input.value) || 95, 1), 100) }), (input.value = settings.quality)));
onChange("theme", ({ value }) => (remember({ theme: value }), applyTheme()));

// Keys.

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
  Escape: () => (state.run ? cancel() : tools.active ? tools.drop() : tell("")),
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
    tools.isSpaceDown = true;
    tools.showCursor();
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
    tools.isSpaceDown = false;
    tools.showCursor();
  }
});
addEventListener("blur", () => {
  holdOriginal(false);
  tools.isSpaceDown = false;
});

// Photos that are dropped or pasted.

const pictureIn = (data) => [...(data?.files || [])][0] || null;
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) $("drop").hidden = true;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").hidden = true;
  openFile(pictureIn(event.dataTransfer));
});
addEventListener("paste", (event) => {
  const file = pictureIn(event.clipboardData);
  if (file) openFile(file);
});

addEventListener("pagehide", () => state.run && drop(state.run));
addEventListener("beforeunload", (event) => {
  const docs = new Set([state.doc, ...state.docs.values()]);
  if ([...docs].some((doc) => doc && !doc.isSaved && doc.patches.length)) event.preventDefault();
});

// The beginning.

applyTheme();
for (const id of ["auto", "pressure"]) $(id).checked = settings[id];
for (const id of ["format", "quality", "theme"]) $(id).value = settings[id];
$("key-list").append(
  ...KEYS.map(([text, keys]) => {
    const line = document.createElement("div");
    const key = document.createElement("kbd");
    key.textContent = keys;
    line.append(text, key);
    return line;
  }),
);
if (settings.panel && innerWidth > 900) togglePanel(true);
showSize();
showButtons();
tools.showCursor();
readModels();
readFolder();

// For tests, and for the curious in the browser's console.
export const inspected = { view, state, setBrushSize, growBy: (pixels) => editLayer((mask) => grow(mask, pixels)) };
