/** Whether the server is there and ready, asked for as long as the page is open. */

import { pause, request } from "./api.js";
import { readiness } from "./state.js";

// How often the server is asked whether it is ready: while it was, and while it was not.
const READY_EVERY_MS = 5000;
const WAITING_EVERY_MS = 700;

async function askReadiness() {
  try {
    await request("readyz");
    readiness.value = { ready: true, isGone: false, problem: null };
  } catch (error) {
    const { code, message } = error;
    const problem = code === "not_ready" ? null : message;
    readiness.value = { ready: false, isGone: code === "server_unreachable", problem };
  }
}

// A page that nobody looks at need not know.
const seen = () =>
  new Promise((resolve) => {
    if (!document.hidden) resolve(null);
    else addEventListener("visibilitychange", resolve, { once: true, capture: true });
  });

/** Keeps `readiness` true for as long as the page is open: servers start, stop, and come back. */
export async function watchReadiness() {
  for (;;) {
    await seen();
    await askReadiness();
    await pause(readiness.value.ready ? READY_EVERY_MS : WAITING_EVERY_MS);
  }
}
