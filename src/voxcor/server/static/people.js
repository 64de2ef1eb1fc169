/** The people who are enrolled with the server: whom a result may be relative to. */

import { getJson } from "./api.js";
import { models, options } from "./state.js";
import { computed, signal } from "./vendor/signals.js";

/** @import { PersonDocument } from "./server.js" */

/** Everybody, by name; null until the server has answered. */
export const people = signal(/** @type {PersonDocument[] | null} */ (null));

export async function loadPeople() {
  try {
    people.value = (await getJson("v1/library/people")).people;
  } catch {
    // Nobody to choose, then: what else the page does needs none of them.
  }
}

/** The names of those whom the chosen model has heard. */
export const names = computed(() => {
  const chosen = options.value.model ?? models.value?.active;
  const sha = models.value?.models.find(({ id }) => id === chosen)?.sha256;
  const heard = (people.value ?? []).filter(({ heard_by }) => heard_by.some(({ sha256 }) => sha256 === sha));
  return heard.map(({ person }) => person);
});
