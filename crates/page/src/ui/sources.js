// All pictures that there are of an asset, under the names that people know them by, and what can be done with each.
// Knows nothing of how they are shown.

import { order } from './orders.js';
import { isLive, shownOf, t } from './state.js';

/** Each has `digest`, `name`, `model` and `cost` as far as known, and `use`: how it becomes the asset's picture. */
export function sourcesOf(row, said) {
  const found = new Map();
  const add = (digest, name, more) => {
    if (digest) found.set(digest, { digest, name, ...more, ...found.get(digest) });
  };
  const words = t().sources;
  // One that is both is named after what it is worth.
  if (row.state === 'fresh') add(row.real, words.real);
  add(row.draft, words.draft);
  add(row.real, words.real);
  add(row.before?.real, words.realBefore);
  add(row.before?.draft, words.draftBefore);
  const shots = said?.shots ?? [];
  shots.forEach((shot, n) => shot.candidates.forEach((digest, k) => {
    if (shot.candidates.length < 2) return;
    const name = `${t().candidate} ${k + 1}${shots.length > 1 ? `, ${t().shot(n + 1)}` : ''}`;
    const isPicked = shot.pick === k + 1;
    const use = isPicked || !isLive() ? null : () => order('pick', { id: row.id, number: k + 1, shot: n + 1 });
    add(digest, name, { model: shot.model, use, isPicked, candidate: k + 1, shot: n });
    // A picture that is the chosen one keeps its name, and says which one it is.
    Object.assign(found.get(digest), { use, isPicked, candidate: k + 1, shot: n });
  }));
  (said?.history ?? []).forEach((paid, n) => paid.pictures.forEach((digest, k) => {
    const name = `${paid.day} #${n + 1}${paid.pictures.length > 1 ? `.${k + 1}` : ''}`;
    add(digest, name, { model: paid.model, cost: paid.cost, use: paid.current ? null : backTo(row, paid, k + 1) });
  }));
  return [...found.values()];
}

/** Makes a picture that was paid for once the asset's picture again: nothing is asked for. */
export function backTo(row, paid, number) {
  return paid.key && isLive() ? () => order('back', { id: row.id, key: paid.key, number }) : null;
}

/** Those that are looked at side by side, unless somebody says otherwise: candidates, else the new one and the old one. */
export function sideBySide(row, found, picked) {
  const chosen = picked.map(digest => found.find(source => source.digest === digest)).filter(Boolean);
  if (chosen.length > 0) return chosen.slice(0, 4);
  const last = Math.max(...found.map(source => source.shot ?? -1));
  const candidates = found.filter(source => source.candidate && source.shot === last).sort((a, b) => a.candidate - b.candidate);
  if (candidates.length > 1) return candidates.slice(0, 4);
  const first = found.find(source => source.digest === shownOf(row)) ?? found[0];
  return [first, found.find(source => source !== first)].filter(Boolean);
}
