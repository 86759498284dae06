// What the page remembers, in the browser's own store.

const KEY = "gated_inpaint";

const DEFAULTS = {
  theme: "auto",
  size: 0.06, // Of the brush: its diameter over the shorter side of the photo.
  auto: true,
  pressure: false,
  model: "",
  strategy: "",
  workingSize: 0, // 0: as the strategy has it.
  finish: false,
  format: "same",
  quality: 95,
  panel: false,
};

export const settings = { ...DEFAULTS };

try {
  const stored = JSON.parse(localStorage.getItem(KEY) || "{}");
  for (const name of Object.keys(DEFAULTS)) {
    if (typeof stored[name] === typeof DEFAULTS[name]) settings[name] = stored[name];
  }
} catch {
  // Without a store, nothing is remembered.
}

export function remember(changes) {
  Object.assign(settings, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // As above.
  }
}

export function applyTheme() {
  if (settings.theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = settings.theme;
}
