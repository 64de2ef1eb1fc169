/** What the server computes in a while: asked for until it is there. It goes on, and is kept, when the reader leaves. */

import { pause, request } from "../api.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { signal, useSignal } from "../vendor/signals.js";
import { recordings, table } from "./asking.js";

/** @import { ClustersDocument, ComparisonDocument, MapDocument, TrajectoryDocument } from "../server.js" */

/**
 * @typedef {{
 *   map: MapDocument,
 *   clusters: ClustersDocument,
 *   trajectory: TrajectoryDocument,
 *   compare: ComparisonDocument,
 * }} Documents
 */

/**
 * `share` is how much is done, null while that is not known; `key` names what was found.
 *
 * @template Found
 * @typedef {{ found: Found | null, key: string, isWorking: boolean, share: number | null, failure: Error | null }} Computed
 */

const ASK_EVERY_MS = 1000;

const changes = signal(0);

/** What is added or removed makes another of everything. */
export const stockChanged = () => {
  changes.value++;
};

/**
 * What a route answers in the end; null where nobody waits for it any more. Raises ApiError.
 *
 * @param {keyof Documents | "errors" | "agreement"} route
 * @param {object} asked
 * @param {AbortSignal} gone
 * @param {(share: number) => void} tell
 */
export async function awaited(route, asked, gone, tell = () => {}) {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) };
  for (;;) {
    const response = await request(`v1/library/${route}`, init);
    if (gone.aborted) return null;
    if (response.status !== 202) return response;
    tell((await response.json()).progress);
    await pause(ASK_EVERY_MS);
    if (gone.aborted) return null;
  }
}

const MOST_KEPT = 6; // some are megabytes

/** The last answers, by what was asked: whoever comes back has them at once. */
const kept = new Map(/** @type {[string, unknown][]} */ ([]));

/** @param {string} key */
function keep(key, /** @type {unknown} */ found) {
  kept.set(key, found);
  for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
}

/**
 * What a route says of the library as it is. With another `state` of the same it is asked again, and what it said before
 * stays until then.
 *
 * @template {keyof Documents} Route
 * @param {Route} route
 * @param {object} asked
 * @param {boolean} isWanted
 * @param {number} state
 * @returns {Computed<Documents[Route]>}
 */
export function useComputed(route, asked, isWanted = true, state = 0) {
  const what = JSON.stringify([route, asked, changes.value, table.value?.segments, recordings.value.length]);
  const key = `${what}${state}`;
  const there = /** @type {Documents[Route] | null} */ (kept.get(key) ?? null);
  const before = useRef({ what, found: there });
  if (there || before.current.what !== what) before.current = { what, found: there };
  const working = useSignal(/** @type {{ share: number | null } | null} */ (null));
  const failed = useSignal(/** @type {{ key: string, failure: Error } | null} */ (null));
  useEffect(() => {
    if (!isWanted || there) return undefined;
    const gone = new AbortController();
    working.value = { share: null };
    failed.value = null;
    awaited(route, asked, gone.signal, (share) => (working.value = { share }))
      .then((response) => response?.json())
      .then((found) => {
        if (gone.signal.aborted) return;
        keep(key, found);
        working.value = null;
      })
      .catch((failure) => {
        if (gone.signal.aborted) return;
        failed.value = { key, failure };
        working.value = null;
      });
    return () => {
      gone.abort();
      working.value = null;
    };
  }, [key, isWanted]);
  return {
    found: before.current.found,
    key: what,
    isWorking: working.value !== null && before.current.found === null,
    share: working.value?.share ?? null,
    failure: failed.value?.key === key ? failed.value.failure : null,
  };
}
