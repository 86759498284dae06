// What all parts of the page share: its elements, the view, what is worked on, and the two places for words.

import { settings } from "./settings.js";
import { View } from "./view.js";

export const $ = (id) => document.getElementById(id);

export const view = new View($("stage"), $("photo"), $("overlay"));

export const state = {
  doc: null,
  docs: new Map(), // {name in the folder: PhotoDocument}
  names: [],
  tool: "brush",
  tools: null, // `Tools`, which `main` makes.
  models: [],
  strategies: ["original"],
  limits: { upload_bytes: Infinity },
  run: null, // {doc, sent, job, isCancelled, wantsMore}
  opening: 0,
};

// The weights that are chosen, as the server describes them.
export const model = () => state.models.find(({ name }) => name === settings.model) || state.models[0];
export const takesSketch = () => Boolean(model() && model().takes_sketch);
export const guidedModel = () => (takesSketch() ? model() : state.models.find(({ takes_sketch }) => takes_sketch));

// How things stand.
export function say(sentence) {
  $("status").textContent = sentence;
}

// What went wrong, beside what caused it.
export function tell(sentence) {
  const place = state.doc ? $("problem") : $("welcome-problem");
  (state.doc ? $("problem").firstElementChild : place).textContent = sentence;
  place.hidden = !sentence;
}

export function seconds(number) {
  return number < 1 ? "less than a second" : number < 90 ? `${Math.round(number)} s` : `${Math.round(number / 60)} min`;
}
