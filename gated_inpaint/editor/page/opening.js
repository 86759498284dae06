// Photos that are opened: a file, one of the folder's strip, or what is dropped or pasted.

import { $, say, state, tell, view } from "./app.js";
import { cancel } from "./completing.js";
import { PhotoDocument } from "./document.js";
import { resetStages } from "./looking.js";
import { chooseTool, showSize } from "./marks.js";
import { get, Gone, Refusal } from "./server.js";
import { changed } from "./showing.js";
import { failed, waitForServer } from "./trouble.js";

export async function openFile(file) {
  if (!file) return;
  if (file.size > state.limits.upload_bytes) {
    const limit = `${state.limits.upload_bytes / 1e6} MB`;
    tell(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB, more than the limit of ${limit}; --max_upload_megabytes raises it.`);
    return;
  }
  await open(new PhotoDocument({ file }));
}

export async function openName(name) {
  const known = state.docs.get(name);
  if (known) show(known);
  else await open(new PhotoDocument({ name }));
}

async function open(doc) {
  const number = ++state.opening;
  tell("");
  say("Opening ...");
  $("progress").hidden = false;
  $("progress").className = "progress unknown";
  try {
    await doc.open(changed);
    if (number !== state.opening) return;
    if (doc.source.name) state.docs.set(doc.source.name, doc);
    show(doc);
    for (const note of doc.facts.notes) say(`${doc.facts.name}: ${note}.`);
  } catch (error) {
    if (number !== state.opening) return;
    say("");
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
  state.tools.lastPoint = null;
  say("");
  showSize();
  chooseTool(state.tool);
  resetStages();
  changed();
  view.overlay.focus({ preventScroll: true });
}

export async function readFolder() {
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

export function step(direction) {
  if (!state.doc || !state.names.length) return;
  const next = state.names[state.names.indexOf(state.doc.source.name) + direction];
  if (next) openName(next);
}

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
