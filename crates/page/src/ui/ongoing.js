// What goes on with an asset, and what went wrong: being made, in doubt, what could not be done, what was found. Knows
// nothing of the panel that they stand in.

import { fillBar, runOf } from './card.js';
import { isMaking, make, order, orderFor, sendAgain } from './orders.js';
import { call } from './server.js';
import { changed, clock, h, isLive, money, now, priceOf, reasonOf, stateOf, t } from './state.js';

const fact = (name, value) => (value === null || value === undefined || value === '' ? [] : [h('dt', null, name), h('dd', null, value)]);

/** Who has it made, in words. */
function maker({ by, project, order: number }) {
  const who = t().makers[by] ?? by;
  return [who, project ? t().inProject(project) : null, number ? t().orderNumber(number) : null].filter(Boolean).join(' · ');
}

export function makingBlock(row) {
  const { making } = row;
  const waiting = row.waited_by ?? [];
  const waits = waiting.length > 0 ? fact(t().waitedBy, `${waiting.join(', ')}${row.waited_by_count > waiting.length ? ` … (${row.waited_by_count})` : ''}`) : [];
  if (!making) return row.waits_on || waits.length > 0 ? h('dl', { class: 'facts' }, fact(t().waitsFor, row.waits_on), row.waits_on ? [] : waits) : null;
  const bar = h('div', { class: 'run wide' }, h('i'));
  fillBar(bar, making);
  const under = orderFor('make', row.id) ?? orderFor('again', row.id);
  return h('section', { class: 'making' },
    h('p', { class: 'big-line' }, runOf(making)), bar,
    h('dl', { class: 'facts' }, fact(t().by, maker(making)), fact(t().model, making.what), fact(t().reserved, making.cost === null ? null : money(making.cost)),
      fact(t().reason, making.why), fact(t().goesOnAt, making.resume_at ? clock(making.resume_at) : null), waits),
    under?.can_cancel ? h('div', { class: 'act' }, h('button', { type: 'button', class: 'quiet', onclick: () => call('cancel', { order: under.number }) }, t().cancel)) : null);
}

/** What is wrong with the manifest of this asset, and what could not be done. */
export function wrongBlock(row, error) {
  const texts = [...new Set([row.error, row.making ? null : row.failed, error].filter(Boolean))];
  const others = now.problems.filter(problem => problem.level !== 'warning' && !(problem.text === row.error));
  if (texts.length === 0 && others.length === 0) return null;
  return h('div', { class: 'wrong' },
    texts.map(text => h('pre', { class: 'told', tabindex: '0', role: 'group', 'aria-label': t().failed }, text)),
    row.error ? h('p', { class: 'note' }, t().oldPicture) : null,
    others.length > 0 && !row.error ? h('details', { class: 'elsewhere' }, h('summary', null, t().errorsElsewhere(others.length)),
      others.map(problem => h('pre', { class: 'told', tabindex: '0', role: 'group', 'aria-label': t().failed }, problem.text ?? problem))) : null);
}

export function doubtBlock(row) {
  const { doubt } = row;
  if (!doubt || row.making) return null;
  // What is in doubt is not on the bill: what it cost then is what it costs again.
  const price = row.requests > 0 ? row.price : doubt.cost;
  const busy = Boolean(orderFor('again', row.id) ?? orderFor('gone', row.id));
  return h('section', { class: 'doubt', 'data-doubt': String(doubt.number) },
    h('h3', null, t().doubtTitle), h('p', null, t().doubtText),
    h('dl', { class: 'facts' }, fact(t().sentAt, clock(doubt.at)), fact(t().requestId, doubt.request_id ?? t().noRequestId),
      fact(t().model, doubt.model), fact(t().mayHaveCost, money(doubt.cost)), fact(t().reason, doubt.why)),
    isLive() ? h('div', { class: 'act' },
      h('button', { type: 'button', class: 'primary again', disabled: busy, onclick: () => sendAgain(row.id, price) },
        t().sendAgain(money(price))),
      h('button', { type: 'button', class: 'quiet gone', disabled: busy, onclick: () => order('gone', { id: row.id, number: doubt.number }) }, t().didNotCome)) : null,
    h('p', { class: 'note' }, t().doubtHint));
}

async function accept(row, finding) {
  const answer = await call('accept', { id: row.id, key: finding.key });
  if (answer.error !== undefined) return;
  finding.accepted = true;
  changed('rows');
}

export function findingsBlock(row) {
  const findings = row.findings ?? [];
  if (findings.length === 0) return null;
  const open = findings.filter(finding => !finding.accepted);
  const item = finding => h('li', { class: finding.accepted ? 'accepted' : finding.level, 'data-finding': finding.key },
    h('span', { class: 'kind' }, t().kinds[finding.kind] ?? finding.kind), h('span', { class: 'what' }, finding.text),
    finding.accepted ? h('span', { class: 'soft' }, t().accepted)
      : isLive() ? h('button', { type: 'button', class: 'quiet accept', onclick: () => accept(row, finding) }, t().accept) : null);
  return h('section', { class: 'findings' }, h('h3', null, open.length > 0 ? t().findings(open.length) : t().found),
    h('ul', null, [...open, ...findings.filter(finding => finding.accepted)].map(item)));
}

/** The button that makes it, at its price; while it is made, or in doubt, there is none. */
export function actBlock(row) {
  if (!isLive() || !row.to_do || row.doubt || row.making || ['blocked', 'manual', 'pending'].includes(row.state)) {
    return row.reason && !row.making && !row.doubt && ['blocked', 'manual', 'pending'].includes(stateOf(row)) ? h('p', { class: 'why' }, reasonOf(row)) : null;
  }
  const making = isMaking(row.id);
  const verb = row.state === 'draft' ? t().make : row.requests === 0 && row.model !== 'local' ? t().putBackOne : t().restore;
  return h('div', { class: 'act' },
    h('button', { type: 'button', class: 'primary make', disabled: making, onclick: () => make([row.id], row.price) },
      making ? t().busy : `${verb} · ${priceOf(row)}`),
    h('span', { class: 'note' }, [row.requests > 0 ? t().requests(row.requests) : null, now.about.makes?.model ?? row.model].filter(Boolean).join(' · ')));
}
