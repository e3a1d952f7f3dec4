// What a person asks for, and what became of it: one order for one or many assets, at the price that was shown. Knows
// nothing of how assets are shown.

import { call } from './server.js';
import { $, changed, dollars, draws, h, money, now, span, t } from './state.js';

/** What went well needs no answer, and is shown so long, in ms. */
const SHOWN_FOR = 6000;
/** Of what ended so many are shown at once. */
const MAX_SHOWN = 3;

/** The numbers of those that nobody has to see any more. */
const dismissed = new Set();
/** What the server did not even take. */
let refused = [];
let all = false;

export const isUnderWay = order => order.stage === 'waiting' || order.stage === 'running';
const inOrder = (order, id) => order.ids?.includes(id);
export const orderFor = (action, id) => [...now.orders.values()].find(order => isUnderWay(order) && order.action === action && inOrder(order, id));
export const isMaking = id => ['make', 'again'].some(action => orderFor(action, id));

function refuse(action, ids, told) {
  refused = [...refused, { number: `r${Date.now()}${refused.length}`, action, ids, stage: 'failed', told: [told], at: Date.now() }].slice(-3);
  changed('orders');
}

/** Asks for something; whether it was taken. */
export async function order(action, body) {
  const answer = await call(action, body);
  if (answer.error !== undefined) refuse(action, body.ids ?? [body.id], answer.error);
  return answer.error === undefined;
}

/** Asks for something that may cost, at the price that the button says; the server says whether somebody has to be asked. */
async function orderAt(action, body, price, confirmed) {
  const answer = await call(action, { ...body, price, confirmed });
  if (answer.confirm) {
    const quote = answer.quote ?? { price: answer.price ?? null, models: [] };
    return (await agreed(body.ids ?? [body.id], quote)) && orderAt(action, body, quote.price, true);
  }
  if (answer.error !== undefined) refuse(action, body.ids ?? [body.id], answer.error);
  return answer.error === undefined;
}

export const make = (ids, price) => orderAt('make', { ids }, price, false);
export const sendAgain = (id, price) => orderAt('again', { id }, price, false);

/** What making these costs. */
export const quoteFor = ids => call('quote', { ids });

// ---- Asking whether it may cost that much ----------------------------------------------------------------------

const billed = (name, value) => [h('dt', null, name), h('dd', null, value)];

function bill(ids, quote) {
  const models = (quote.models ?? []).flatMap(model => billed(model.model, `${t().requests(model.requests)} · ${money(model.price)}`));
  const left = [];
  const after = limit => (quote.price === null ? dollars(limit) : t().leftAfter(dollars(limit), dollars(Math.max(0, limit - quote.price))));
  if (typeof quote.run_left === 'number') left.push(billed(t().leftRun, after(quote.run_left)));
  if (typeof quote.month_left === 'number') left.push(billed(t().leftMonth, after(quote.month_left)));
  const skipped = quote.skipped ?? [];
  return [
    h('p', { class: 'path' }, ids.length === 1 ? ids[0] : t().pictures(ids.length - skipped.length)),
    h('p', { class: 'big' }, quote.price === null ? t().confirmUnknown : `${quote.up_to ? t().upTo : ''}${dollars(quote.price)}`),
    h('dl', { class: 'facts' }, models, quote.restores > 0 ? billed(t().restored, t().pictures(quote.restores)) : null, left),
    quote.unknown > 0 && quote.price !== null ? h('p', { class: 'note' }, t().unknownToo(quote.unknown)) : null,
    skipped.length > 0 ? h('details', { class: 'note' }, h('summary', null, t().skipped(skipped.length)),
      h('ul', null, skipped.map(one => h('li', null, `${one.id}: ${one.why}`)))) : null,
  ];
}

/** Whether somebody agreed to pay for this. */
function agreed(ids, quote) {
  const dialog = $('confirm');
  return new Promise(resolve => {
    dialog.replaceChildren(
      h('h2', { id: 'confirm-title' }, t().confirmTitle), ...bill(ids, quote).filter(Boolean),
      h('div', { class: 'act' },
        h('button', { type: 'button', class: 'quiet', autofocus: true, onclick: () => dialog.close('no') }, t().cancel),
        h('button', { type: 'button', class: 'primary agree', onclick: () => dialog.close('yes') },
          quote.price === null ? t().agree : t().confirmMake(dollars(quote.price)))));
    dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    dialog.returnValue = 'no';
    dialog.showModal();
  });
}

// ---- What became of it -----------------------------------------------------------------------------------------

function dismiss(order) {
  dismissed.add(order.number);
  refused = refused.filter(other => other !== order);
  changed('orders');
}

function box(order) {
  const under = isUnderWay(order);
  const words = (under ? t().jobs : order.stage === 'done' ? t().done : order.stage === 'cancelled' ? t().cancelled : t().not)[order.action];
  const ids = order.ids ?? [];
  const isPart = order.stage === 'failed' && ids.length > 1 && order.spent;
  const state = { done: 'fresh', failed: 'failed' }[order.stage];
  const cost = under ? order.price : order.spent;
  return h('div', { class: 'job', 'data-state': state, 'data-job': order.action, 'data-stage': order.stage, 'data-order': String(order.number) },
    h('div', { class: 'line' },
      h('b', null, `${isPart ? t().notAll : words} ${ids.length === 1 ? ids[0] : t().pictures(ids.length)}`),
      cost ? h('span', { class: 'figure' }, dollars(cost)) : null,
      order.stage === 'waiting' ? h('span', { class: 'soft' }, t().waiting) : null,
      order.stage === 'running' && order.at ? h('span', { class: 'soft figure', 'aria-live': 'off', 'data-since': String(order.at) }, span(Date.now() - order.at)) : null,
      under && order.can_cancel ? h('button', { type: 'button', class: 'quiet cancel', onclick: () => cancel(order) }, t().cancel) : null,
      under ? null : h('button', { type: 'button', class: 'icon', 'aria-label': t().dismiss, onclick: () => dismiss(order) }, '✕')),
    order.told?.length > 0 ? h('pre', { tabindex: '0', role: 'group', 'aria-label': t().told }, order.told.join('\n')) : null);
}

async function cancel(order) {
  const answer = await call('cancel', { order: order.number });
  if (answer.error !== undefined) refuse(order.action, order.ids, answer.error);
  else if (!answer.cancelled) refuse('cancel', order.ids, t().tooLate);
}

/** Those that ended before this page was opened are no news. */
function isNews(order) {
  if (dismissed.has(order.number)) return false;
  if (isUnderWay(order)) return true;
  const age = Date.now() - (order.ended ?? Date.now());
  return order.stage === 'failed' ? age < 3600_000 : age < SHOWN_FOR;
}

function drawOrders() {
  const shown = [...refused, ...[...now.orders.values()].filter(isNews)];
  if (shown.some(order => !isUnderWay(order) && order.stage !== 'failed')) setTimeout(() => changed('orders'), SHOWN_FOR + 50);
  const under = shown.filter(isUnderWay).sort((a, b) => Number(b.stage === 'running') - Number(a.stage === 'running'));
  const ended = shown.filter(order => !isUnderWay(order));
  // What goes on is seen at the cards: here it takes one line, until somebody wants to cancel something.
  const few = all || under.length < 2 ? under : [];
  const more = under.length < 2 ? null : h('button', {
    type: 'button', class: 'quiet more', 'aria-expanded': String(all), onclick: () => { all = !all; changed('orders'); },
  }, all ? t().fewer : t().underWay(under.length));
  const old = ended.length < 2 ? null : h('button', { type: 'button', class: 'quiet dismiss-all', onclick: () => ended.forEach(dismiss) }, t().dismissAll(ended.length));
  $('jobs').replaceChildren(...[...ended.slice(-MAX_SHOWN).map(box), ...few.map(box), h('div', { class: 'act' }, old, more)].filter(Boolean));
}

draws(['orders', 'language'], drawOrders);
