// Before a run: how a hole would be completed, how long that takes, and a word on holes larger than what networks know.

import { say, seconds, state } from "./app.js";
import { options, strategy } from "./choices.js";
import { pngOf } from "./png.js";
import { post } from "./server.js";

const LARGE_HOLE = 256; // Pixels; networks were trained on holes of about half of 256.
const PAUSE = 250; // Milliseconds without a change, after which it is asked for.

let waiting = 0;

export function estimate() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE);
}

async function ask() {
  const { doc } = state;
  if (!doc || state.run || state.tools.isBusy) return;
  const box = doc.mask.box();
  if (!box) return;
  const [left, top, right, bottom] = box;
  try {
    const mask = await pngOf(doc.mask, box);
    const said = await doc.held(async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ row: top, column: left, ...options() })) form.append(name, value);
      form.append("mask", mask, "of the page");
      return (await post(`${doc.path}/estimate`, form)).json();
    });
    if (state.run || state.doc !== doc || doc.mask.isEmpty()) return;
    const total = said.seconds + said.waiting_seconds;
    const time = said.seconds === null ? "" : total < 1 ? seconds(total) : `about ${seconds(total)}`;
    const plan = [time, said.plan].filter(Boolean).join(", ");
    const isLarge = strategy() === "original" && state.strategies.includes("auto") && Math.min(right - left, bottom - top) > LARGE_HOLE;
    const advice = isLarge ? " The hole is larger than what the network knows: Large holes, Automatic (in the settings) may do better." : "";
    say(`${plan && plan[0].toUpperCase()}${plan.slice(1)}${plan && "."}${advice}`.trim());
  } catch {
    // It is only an estimate.
  }
}
