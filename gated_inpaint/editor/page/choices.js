// What is chosen in the settings: weights, strategy, and what else a completion is asked with.

import { $, guidedModel, model, state, takesSketch, tell } from "./app.js";
import { chooseTool } from "./marks.js";
import { get } from "./server.js";
import { remember, settings } from "./settings.js";

const STRATEGIES = {
  auto: ["Automatic", "Thick holes that are larger than those trained on in reduced crops, all others at the photo's own scale."],
  original: ["As it is", "The photo at its own scale: sharp, and best for holes of up to some hundred pixels."],
  crop: ["Reduced", "Each hole in a crop reduced to the working size: more structure in large holes, and softer."],
  tiles: ["In tiles", "At the photo's own scale, tile by tile: for scratches all over a large scan."],
};

export const strategy = () => (state.strategies.includes(settings.strategy) ? settings.strategy : state.strategies[0]);

// As the API takes them.
export function options() {
  const isSized = strategy() !== "original" && settings.workingSize > 0;
  return {
    model: model() ? model().name : "",
    hd_strategy: strategy(),
    finish: Boolean(settings.finish && model() && model().finishing),
    ...(isSized ? { working_size: settings.workingSize } : {}),
  };
}

export async function readModels() {
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

export function chooseModel(name) {
  remember({ model: name });
  showChoice();
}

export function showChoice() {
  const chosen = model();
  if (!chosen) return;
  $("model").value = chosen.name;
  $("strategy").value = strategy();
  $("model-facts").textContent = chosen.ready ? chosen.network : "Being loaded ...";
  $("strategy-facts").textContent = (STRATEGIES[strategy()] || ["", ""])[1];
  $("working-size-row").hidden = strategy() === "original";
  $("working-size").value = settings.workingSize || "";
  $("finish-row").hidden = !chosen.finishing;
  $("finish-row").title = chosen.finishing || "";
  $("sketch-section").hidden = !takesSketch();
  document.querySelector('[data-tool="sketch"]').hidden = !guidedModel();
  if (state.tool === "sketch" && !takesSketch()) chooseTool("brush");
}

export function togglePanel(isOpen = $("panel").hidden) {
  $("panel").hidden = !isOpen;
  $("settings").setAttribute("aria-expanded", String(isOpen));
  remember({ panel: isOpen });
}
