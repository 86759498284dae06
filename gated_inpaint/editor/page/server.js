// The server, as the page sees it: answers, sentences on what went wrong, and whether it is there at all.

export class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail || "The server answered with something that this page does not understand.");
    this.status = status;
    this.isNotHeld = problem.type === "urn:gated-inpaint:not-held";
  }
}

export class Gone extends Error {}

export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Gone("The server does not answer.");
  }
  if (response.ok) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // It has said nothing that can be shown.
  }
  throw new Refusal(problem, response.status);
}

export const post = (path, body) => ask(path, { method: "POST", body });
export const postJson = async (path, body) =>
  (await ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } })).json();
export const get = async (path) => (await ask(path)).json();

// Resolves when the server answers again.
export async function back() {
  for (let pause = 300; ; pause = Math.min(1.5 * pause, 3000)) {
    try {
      await ask("/health", { cache: "no-store" });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
