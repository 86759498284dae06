// Runs: what is sent to the server, what is shown meanwhile, and what becomes of the result.

import { $, say, seconds, state, takesSketch, tell, view } from "./app.js";
import { options } from "./choices.js";
import { Edit } from "./layer.js";
import { pngOf } from "./png.js";
import { ask, get, post, Refusal } from "./server.js";
import { settings } from "./settings.js";
import { showButtons } from "./showing.js";
import { failed } from "./trouble.js";

export async function run() {
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
    if (state.tools.isBusy) mine.isWaiting = true;
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

// What a tool, or the server, marked: a step of the history, and where that is wished a run.
export function marked(step, { isErased, layer }) {
  const { doc } = state;
  if (layer === doc.sketch && view.layers.sketch !== layer) view.setLayers(doc.layers());
  doc.history.add([step]);
  if (state.run && state.run.isWaiting) applyResult(state.run);
  if (step && !isErased && layer === doc.mask && settings.auto && !takesSketch()) run();
}

// What was sent is done, and leaves the mask; what was painted since stays, and is next where that is wished.
function applyResult({ doc, sent, result, wantsMore }) {
  endRun();
  const clear = (layer) => {
    const edit = new Edit(layer);
    const [[top, left], [bottom, right]] = [result.begin, result.end];
    edit.write([left, top, right, bottom], () => {
      for (let row = top; row < bottom; row++) {
        for (let at = row * layer.width + left, end = row * layer.width + right; at < end; at++) if (sent[at]) layer.data[at] = 0;
      }
    });
    return edit.step();
  };
  const layers = [clear(doc.mask)];
  if (doc.sketch) layers.push(clear(doc.sketch));
  doc.patches.push(result);
  doc.isSaved = false;
  doc.history.add(layers, result);
  const button = [...$("strip").children].find(({ dataset }) => dataset.name === doc.source.name);
  if (button) button.dataset.done = "";
  say(`Done in ${seconds(result.seconds)}${result.plan && `, ${result.plan}`}.`);
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
  say(
    job.state === "queued" && job.jobs_before
      ? `Waiting for ${job.jobs_before === 1 ? "one other" : `${job.jobs_before} others`} ...`
      : left !== null && left > 0.7
        ? `Completing, about ${seconds(left)} ...`
        : "Completing ...",
  );
  showButtons();
}

function endRun() {
  state.run = null;
  view.overlay.classList.remove("running");
  $("run").hidden = false;
  $("cancel").hidden = true;
  $("progress").hidden = true;
  say("");
  showButtons();
}

export function cancel() {
  const mine = state.run;
  if (!mine) return;
  mine.isCancelled = true;
  drop(mine);
  endRun();
  say("Cancelled.");
}

export function drop(mine) {
  if (mine.job) ask(`/api/v1/jobs/${mine.job}`, { method: "DELETE", keepalive: true }).catch(() => {});
}

export function again() {
  const { doc } = state;
  const last = doc.history.done[doc.history.done.length - 1];
  if (!last || !last.result || state.run) return;
  doc.history.undo();
  run();
}
