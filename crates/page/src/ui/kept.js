// What the browser keeps between two visits: language and theme, and the words that somebody typed and did not send
// yet. A browser that keeps nothing starts anew each time. Knows nothing of what is drawn.

import { folder, now } from './state.js';

/** At most so many assets have words of somebody: a browser's room is bounded. */
const MAX_DRAFTS = 200;

export function remember(name, value) {
  try { localStorage.setItem(`gpbuild.${name}`, value); } catch { /* It is only convenient. */ }
}

export function remembered(name) {
  try { return localStorage.getItem(`gpbuild.${name}`); } catch { return null; }
}

/** Another project may have this port tomorrow. */
const keyOf = what => `${what}.${now.about.id ?? now.about.project}`;

function read(name) {
  try { return JSON.parse(remembered(keyOf(name)) ?? '{}') ?? {}; } catch { return {}; }
}

/** What was typed for this asset (or picture), by field. */
export function typed(id) {
  const all = read('words');
  return Object.hasOwn(all, id) ? all[id] : {};
}

/** Keeps what was typed; nothing at all forgets it. */
export function keepTyped(id, fields) {
  const all = read('words');
  delete all[id];
  if (Object.values(fields).some(Boolean)) all[id] = fields;
  const rest = Object.entries(all).slice(-MAX_DRAFTS);
  remember(keyOf('words'), JSON.stringify(Object.fromEntries(rest)));
}

/** The review of a folder: it has no server that would keep it. */
export function keepReviews() {
  if (folder()) remember(keyOf('review'), JSON.stringify(now.reviews));
}

export function keptReviews() {
  return read('review');
}
