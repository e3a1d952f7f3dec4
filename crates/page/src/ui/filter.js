// Which assets are shown: by the chip that is pressed, and by words. Words are looked for in everything that the list
// knows at once, and in prompts by the server. Knows nothing of what is drawn.

import { call } from './server.js';
import { changed, chipsOf, isLive, now, view } from './state.js';

const ASK_AFTER = 200;

/** What the server found, for which words. */
const found = { words: '', ids: new Set() };
let timer = 0;

const wordsIn = text => text.trim().toLowerCase().split(/\s+/).filter(Boolean);

const haystacks = new WeakMap();

function haystack(row) {
  let text = haystacks.get(row);
  if (text === undefined) {
    text = [row.id, row.output, row.manifest, row.words, row.model, row.target, row.group, row.template, row.carousel]
      .filter(Boolean).join('\n').toLowerCase();
    haystacks.set(row, text);
  }
  return text;
}

function matches(row, words) {
  if (words.length === 0) return true;
  const text = haystack(row);
  return words.every(word => text.includes(word)) || (found.words === words.join(' ') && found.ids.has(row.id));
}

export const isShown = row => (view.state === 'all' || chipsOf(row).includes(view.state)) && matches(row, wordsIn(view.search));

/** The assets that are shown, in order. */
export function shownIds() {
  const words = wordsIn(view.search);
  const all = view.state === 'all';
  return now.order.filter(id => {
    const row = now.rows.get(id);
    return row && (all || chipsOf(row).includes(view.state)) && matches(row, words);
  });
}

/** Looks for the words in what only the server knows, once nobody types any more. */
export function lookFor(text) {
  view.search = text;
  clearTimeout(timer);
  const words = wordsIn(text).join(' ');
  changed('view');
  if (!words || !isLive()) return;
  timer = setTimeout(async () => {
    const answer = await call(`search?q=${encodeURIComponent(words)}`);
    if (answer.error || wordsIn(view.search).join(' ') !== words) return;
    Object.assign(found, { words, ids: new Set(answer.ids) });
    changed('view');
  }, ASK_AFTER);
}
