// What was spent, by day, by asset and by model, in a dialog. Knows nothing of assets but their ids.

import { openAsset } from './address.js';
import { call } from './server.js';
import { $, dollars, h, now, t } from './state.js';

const MAX_ROWS = 60;

function table(caption, rows, name) {
  const most = Math.max(1, ...rows.map(row => row.cost));
  const bar = cost => {
    const element = h('span', { class: 'bar' });
    element.style.setProperty('--share', String(cost / most));
    return element;
  };
  return h('table', null, h('caption', null, caption),
    h('thead', null, h('tr', null, [t().spend.what, t().spend.requests, t().spend.cost].map(text => h('th', { scope: 'col' }, text)))),
    h('tbody', null, rows.slice(0, MAX_ROWS).map(row => h('tr', null, h('th', { scope: 'row' }, bar(row.cost), name(row)), h('td', null, String(row.requests)), h('td', null, dollars(row.cost))))),
    rows.length > MAX_ROWS ? h('tfoot', null, h('tr', null, h('td', { colspan: '3' }, t().spend.more(rows.length - MAX_ROWS)))) : null);
}

export async function showSpend() {
  const dialog = $('spend');
  const said = await call('spend');
  const close = h('button', { type: 'button', class: 'quiet close', onclick: () => dialog.close() }, t().close);
  const idOf = row => (now.rows.has(row.id) ? h('button', { type: 'button', class: 'link', onclick: () => { dialog.close(); openAsset(row.id); } }, row.id) : row.id);
  const body = said.error !== undefined ? [h('p', { class: 'note' }, said.error)] : said.days.length === 0 ? [h('p', { class: 'note' }, t().spend.nothing)] : [
    h('p', { class: 'big' }, dollars(said.total)),
    said.doubt > 0 ? h('p', { class: 'note' }, t().spend.doubt(said.doubt)) : null,
    table(t().spend.days, said.days, row => row.day), table(t().spend.assets, said.assets, idOf), table(t().spend.models, said.models, row => row.model)];
  dialog.replaceChildren(h('div', { class: 'bar' }, h('h2', { id: 'spend-title' }, t().spend.title), close),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'spend-title' }, ...body.filter(Boolean)));
  dialog.showModal();
}
