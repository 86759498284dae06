// Marks that the server finds: an object, a mask of another program, a photo's edges.

import { $, say, state, view } from "./app.js";
import { marked } from "./completing.js";
import { Edit } from "./layer.js";
import { writeFound } from "./png.js";
import { post, postJson } from "./server.js";
import { failed } from "./trouble.js";

export async function findObject(points, isErased) {
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
  say("Looking for the object ...");
  try {
    const found = await doc.held(() => postJson(`${doc.path}/object`, { begin, end, point, version: doc.version }));
    if (state.doc !== doc) return;
    const edit = new Edit(doc.mask);
    await writeFound(edit, found, isErased ? 0 : 1);
    say("");
    marked(edit.step(), { isErased, layer: doc.mask });
  } catch (error) {
    say("");
    failed(error, () => findObject(points, isErased));
  }
}

export async function loadMask(file) {
  const { doc } = state;
  if (!file || !doc) return;
  try {
    const query = `name=${encodeURIComponent(file.name)}`;
    const found = await (await doc.held(() => post(`${doc.path}/mask?${query}`, file))).json();
    const before = doc.mask.box();
    const edit = new Edit(doc.mask);
    if (before) edit.write(before, () => doc.mask.data.fill(0));
    await writeFound(edit, found, 1);
    doc.history.add([edit.step()]);
    if (found.note) say(found.note);
  } catch (error) {
    failed(error, () => loadMask(file));
  }
}

export async function drawEdges() {
  const { doc } = state;
  say("Drawing the edges ...");
  try {
    const found = await doc.held(() => postJson(`${doc.path}/edges`, { version: doc.version }));
    const sketch = doc.needSketch();
    const edit = new Edit(sketch);
    await writeFound(edit, found, 1);
    view.setLayers(doc.layers());
    doc.history.add([edit.step()]);
    say("");
  } catch (error) {
    say("");
    failed(error, drawEdges);
  }
}
