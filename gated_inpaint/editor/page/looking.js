// Ways to look: the original while a key is held, a wipe, the mask or not, and what the network made on its way.

import { $, say, state, view } from "./app.js";
import { ask, get, post, Refusal } from "./server.js";
import { failed } from "./trouble.js";

function setOriginal(part, word) {
  view.original = part;
  $("chip").hidden = !word;
  $("chip").textContent = word;
  view.moved();
}

export function holdOriginal(isHeld) {
  if (!state.doc || (isHeld && !state.doc.patches.length)) return;
  const isWiped = $("wipe").getAttribute("aria-pressed") === "true";
  view.isMaskShown = !isHeld && $("show-mask").getAttribute("aria-pressed") === "true";
  setOriginal(isHeld ? 1 : isWiped ? wipeAt : 0, isHeld ? "Original" : "");
}

let wipeAt = 0.5;
export function placeWipe() {
  const handle = $("wipe-handle");
  handle.style.left = `${100 * wipeAt}%`;
  handle.setAttribute("aria-valuenow", Math.round(100 * wipeAt));
}

export function wipeTo(part) {
  wipeAt = Math.min(Math.max(part, 0), 1);
  placeWipe();
  setOriginal(wipeAt, "");
}

export const wipeBy = (change) => wipeTo(wipeAt + change);

export function toggleWipe(isOn = $("wipe").getAttribute("aria-pressed") !== "true") {
  isOn = isOn && Boolean(state.doc && state.doc.patches.length);
  $("wipe").setAttribute("aria-pressed", String(isOn));
  $("wipe-handle").hidden = !isOn;
  if (isOn) wipeTo(0.5);
  else setOriginal(0, "");
}

export function toggleMask() {
  const isShown = $("show-mask").getAttribute("aria-pressed") !== "true";
  $("show-mask").setAttribute("aria-pressed", String(isShown));
  view.isMaskShown = isShown;
  view.moved();
}

export function resetStages() {
  if (view.other) $("chip").hidden = true;
  view.other = null;
  for (const button of [...$("stages").children]) if (button.id !== "show-stages") button.remove();
  $("show-stages").hidden = false;
}

// Of a photo that was completed in pieces, each has its own: what is called the same is shown together, where it belongs.
export async function showStages() {
  const { doc } = state;
  try {
    say("Asking the network what it saw ...");
    let job = await doc.held(async () => (await post(`${doc.path}/versions/${doc.version}/stages`)).json());
    while (job.state === "queued" || job.state === "running") job = await get(`/api/v1/jobs/${job.id}?wait=2`);
    if (job.state !== "done") throw new Refusal({ detail: job.problem || "The completion was cancelled." }, 422);
    say("");
    $("show-stages").hidden = true;
    const { pictures, windows } = job.result;
    const kinds = new Map();
    for (const name of Object.keys(pictures)) {
      const kind = name.replace(/^piece\d+_/, "");
      kinds.set(kind, [...(kinds.get(kind) || []), name]);
    }
    for (const [kind, names] of kinds) {
      const bitmaps = () => Promise.all(names.map(async (name) => createImageBitmap(await (await ask(pictures[name])).blob())));
      addStage(kind, async () => (await bitmaps()).map((bitmap, i) => ({ bitmap, begin: windows[names[i]][0], end: windows[names[i]][1] })));
    }
  } catch (error) {
    say("");
    failed(error, showStages);
  }
}

function addStage(name, read) {
  const button = document.createElement("button");
  button.className = "quiet";
  button.textContent = name;
  button.setAttribute("aria-pressed", "false");
  button.onclick = async () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    for (const other of $("stages").children) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(isOn));
    try {
      view.other = isOn ? await read() : null;
    } catch (error) {
      failed(error, () => {});
    }
    $("chip").hidden = !isOn;
    $("chip").textContent = name;
    view.moved();
  };
  $("stages").append(button);
}
