// What went wrong: a sentence beside what caused it, or a banner until the server is back.

import { $, tell } from "./app.js";
import { readModels } from "./choices.js";
import { back, Gone, Refusal } from "./server.js";

export async function failed(error, retry) {
  if (error instanceof Gone) {
    await waitForServer();
    return retry();
  }
  tell(error instanceof Refusal ? error.message : `Something went wrong on the page: ${error.message}`);
}

let waiting = null;
export function waitForServer() {
  $("gone").hidden = false;
  waiting ||= back().then(() => {
    waiting = null;
    $("gone").hidden = true;
    readModels();
  });
  return waiting;
}
