// The list on paper: every picture that is shown, with its name, state and note. It is built when somebody prints, since
// the list on the screen holds only what is seen. Knows nothing of cards.

import { shownIds } from './filter.js';
import { $, altOf, coverOf, h, now, reviewOf, shownOf, stateOf, t, thumbOf, view } from './state.js';

/** More are no use on paper. */
const MAX_PRINTED = 1000;

function figure(row) {
  const digest = coverOf(row);
  const said = reviewOf(shownOf(row));
  return h('figure', null, digest ? h('img', { src: thumbOf(digest, 640), alt: altOf(row, '') }) : h('p', null, t().none),
    h('figcaption', null, h('b', null, row.id), h('span', null, `${t()[stateOf(row)]} · ${row.width}×${row.height} ${row.format}`),
      said?.approved === true ? h('span', null, `✓ ${t().approved}`) : said?.approved === false ? h('span', null, `✕ ${t().needsWork}`) : null,
      said?.note ? h('span', { class: 'said' }, said.note) : null));
}

export function beginPrint() {
  addEventListener('beforeprint', () => {
    if (view.open !== null) return;
    const ids = shownIds();
    $('print').replaceChildren(h('h1', null, now.about.project), h('div', { class: 'sheet-of-all' }, ids.slice(0, MAX_PRINTED).map(id => figure(now.rows.get(id)))),
      ids.length > MAX_PRINTED ? h('p', null, t().moreNotPrinted(ids.length - MAX_PRINTED)) : '');
  });
  addEventListener('afterprint', () => $('print').replaceChildren());
}
