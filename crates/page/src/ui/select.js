// Several assets at once: which are selected, what making them costs, and what else can be done with them. Knows
// nothing of how they are drawn.

import { shownIds } from './filter.js';
import { make, quoteFor } from './orders.js';
import { call } from './server.js';
import { $, changed, dollars, draws, h, isLive, now, shownOf, t, view } from './state.js';

/** The last one that was clicked: with shift, all from there. */
let from = null;
/** What making them costs, and of which that was asked. */
const asked = { of: '', quote: null };

export function toggleSelected(id, isRange) {
  const ids = shownIds();
  const [a, b] = [ids.indexOf(from), ids.indexOf(id)];
  if (isRange && a >= 0 && b >= 0) {
    for (const one of ids.slice(Math.min(a, b), Math.max(a, b) + 1)) view.selected.add(one);
  } else if (!view.selected.delete(id)) view.selected.add(id);
  from = id;
  view.selecting ||= view.selected.size > 0;
  changed('view', 'selection');
}

export function selectNone() {
  view.selected.clear();
  view.selecting = false;
  changed('view', 'selection');
}

export function selectShown() {
  view.selecting = true;
  for (const id of shownIds()) view.selected.add(id);
  changed('view', 'selection');
}

async function price(ids) {
  const of = JSON.stringify(ids.map(id => [id, now.rows.get(id)?.price, now.rows.get(id)?.to_do, now.rows.get(id)?.state]));
  if (asked.of === of || !isLive()) return;
  Object.assign(asked, { of, quote: null });
  const answer = await quoteFor(ids);
  if (asked.of !== of) return;
  asked.quote = answer.error === undefined ? answer : null;
  changed('selection');
}

/** Every picture that is shown of them counts as approved. */
async function approve(ids) {
  const digests = ids.map(id => shownOf(now.rows.get(id))).filter(Boolean);
  const reviews = Object.fromEntries(digests.map(digest => [digest, { approved: true, note: now.reviews[digest]?.note ?? '' }]));
  const answer = await call('review', { reviews });
  if (answer.error !== undefined) return;
  selectNone();
}

function makeAll(ids) {
  const { quote } = asked;
  const todo = quote ? quote.requests + (quote.restores ?? 0) : 0;
  const label = !quote ? t().reckoning : todo === 0 ? t().nothingToMake
    : quote.requests === 0 ? t().makeFree : t().makeThese(quote.price === null ? t().unknown : `${quote.up_to ? t().upTo : ''}${dollars(quote.price)}`);
  return h('button', { type: 'button', class: 'primary make-these', disabled: todo === 0, onclick: () => make(ids, quote.price) }, label);
}

function drawSelection() {
  const bar = $('selection');
  document.body.classList.toggle('selecting', view.selecting);
  bar.hidden = !view.selecting;
  if (bar.hidden) return bar.replaceChildren();
  const ids = now.order.filter(id => view.selected.has(id));
  if (ids.length > 0) price(ids);
  const query = ids.map(id => `id=${encodeURIComponent(id)}`).join('&');
  bar.replaceChildren(...[
    h('b', { class: 'figure' }, t().selected(ids.length)),
    h('button', { type: 'button', class: 'quiet', onclick: selectShown }, t().selectShown),
    h('span', { class: 'space' }),
    ids.length > 0 && isLive() ? h('a', { class: 'quiet', href: `zip?${query}`, download: '' }, t().downloadZip) : null,
    ids.length > 0 && isLive() ? h('button', { type: 'button', class: 'quiet approve-these', onclick: () => approve(ids) }, t().approveThese) : null,
    ids.length > 0 && isLive() ? makeAll(ids) : null,
    h('button', { type: 'button', class: 'icon none-selected', 'aria-label': t().selectNone, onclick: selectNone }, '✕'),
  ].filter(Boolean));
}

draws(['selection', 'rows', 'language'], drawSelection);
