// What leaves the page: results as files or to the clipboard, and the mask.

import { say, state, tell } from "./app.js";
import { pngOf } from "./png.js";
import { Gone, Refusal } from "./server.js";
import { settings } from "./settings.js";
import { failed } from "./trouble.js";

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export async function download(doc = state.doc) {
  if (!doc || !doc.patches.length) return;
  say("Writing the file ...");
  try {
    const { blob, name, notes } = await doc.file(settings.format, settings.quality);
    save(blob, name);
    doc.isSaved = true;
    say(notes.length ? notes.join(" ") : `Saved as ${name}.`);
  } catch (error) {
    say("");
    await failed(error, () => download(doc));
  }
}

export async function copy() {
  const { doc } = state;
  if (!doc || !doc.patches.length) return;
  try {
    const png = doc.file("png", 95).then(({ blob }) => blob);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    say("Copied.");
  } catch (error) {
    if (error instanceof Gone || error instanceof Refusal) failed(error, copy);
    else tell("The browser does not let this page copy pictures: download the result.");
  }
}

export async function saveMask() {
  const { doc } = state;
  save(await pngOf(doc.mask), `${doc.facts.name.replace(/\.[^.]*$/, "")}_mask.png`);
}

export async function saveAll() {
  for (const doc of state.docs.values()) await download(doc);
}
