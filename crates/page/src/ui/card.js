// The card of an asset: its picture, and in three short lines what there is to know. A click goes where it is told to;
// knows nothing of lists.

import { openAsset } from './address.js';
import { toggleSelected } from './select.js';
import { altOf, changed, clock, coverOf, dollars, h, isApproved, isLive, isPicture, nameOf, now, openFindings, priceOf, reasonOf, shownOf, span, stateOf, t, thumbOf, urlOf, view, widthFor } from './state.js';

/** Cards that were made, by asset: those that are not to be seen just now, too. */
export const cards = new Map();

/** A card whose picture is to be loaded. */
const waiting = new Set();

/** Loads what is drawn and not loaded yet. */
export function loadPictures() {
  for (const parts of waiting) if (parts.card.isConnected) setPicture(parts.img, parts.digest, parts.width);
  waiting.clear();
}

/** A picture that is swapped once the new one is decoded, so that nothing flickers. */
function setPicture(img, digest, width) {
  const wanted = `${digest}/${width}`;
  if (!digest || img.dataset.wanted === wanted) return;
  const isFirst = img.dataset.digest === undefined || img.dataset.digest === '';
  Object.assign(img.dataset, { digest, wanted });
  const show = url => { if (img.dataset.wanted === wanted) img.src = url; };
  const url = thumbOf(digest, width);
  if (isFirst) {
    img.onerror = () => { img.onerror = null; show(urlOf(digest)); };
    return show(url);
  }
  const next = new Image();
  next.src = url;
  next.decode().then(() => show(url), () => show(urlOf(digest)));
}

function makeCard(id) {
  const img = h('img', { decoding: 'async', alt: '' });
  const parts = {
    img, none: h('span', { class: 'none' }), marks: h('span', { class: 'marks' }), bar: h('span', { class: 'run' }, h('i')),
    name: h('span', { class: 'name' }), state: h('span', { class: 'state' }), aside: h('span', { class: 'price' }),
    message: h('p', { class: 'message' }), digest: null, width: 0,
    tick: h('input', { type: 'checkbox', tabindex: '-1', onclick: event => toggleSelected(id, event.shiftKey) }),
  };
  parts.frame = h('button', { type: 'button', class: 'frame', onclick: event => openOrSelect(id, event) }, img, parts.none, parts.bar);
  parts.card = h('article', { class: 'card', 'data-id': id }, parts.frame, h('label', { class: 'tick', hidden: !isLive() }, parts.tick), parts.marks,
    h('div', { class: 'caption' }, parts.name, h('p', { class: 'line' }, parts.state, parts.aside), parts.message));
  return parts;
}

function openOrSelect(id, event) {
  if (isLive() && (view.selecting || event.shiftKey || event.metaKey || event.ctrlKey)) toggleSelected(id, event.shiftKey);
  else openAsset(id);
}

/** What is being made, how long already and of how long. */
export function runOf(making) {
  const { phase, since, expected_ms: expected, resume_at: resume } = making;
  const word = t().phases[phase] ?? phase;
  if (phase === 'queued') return [word];
  if (resume && resume > Date.now()) return [h('span', { 'data-until': String(resume) }, t().goesOn(span(resume - Date.now())))];
  return [word, ' ', h('span', { 'data-since': String(since) }, span(Date.now() - since)), expected && phase !== 'waiting' ? ` / ~${span(expected)}` : ''];
}

/** How far it is, as far as that is known: never quite there before it is. */
export const shareOf = ({ since, expected_ms: expected }) => (expected ? Math.min(0.96, Math.max(0.02, (Date.now() - since) / expected)) : null);

export function fillBar(bar, making) {
  const share = making && !['queued', 'waiting'].includes(making.phase) ? shareOf(making) : null;
  bar.hidden = !making;
  bar.dataset.since = making ? String(making.since) : '';
  bar.dataset.expected = share === null ? '' : String(making.expected_ms);
  bar.classList.toggle('unknown', share === null);
  bar.style.setProperty('--share', String(share ?? 1));
}

/** The third line: what is wrong, else what it waits for, else how large it is. */
function messageOf(row, state) {
  if (row.error ?? row.failed) return [firstLine(row.error ?? row.failed), 'bad'];
  const finding = openFindings(row)[0];
  if (finding) return [finding.text, 'warn'];
  if (row.making?.why) return [row.making.why, 'warn'];
  if (row.making?.cost) return [`${t().reserved} ${dollars(row.making.cost)}`, ''];
  if (row.doubt) return [t().doubtShort(clock(row.doubt.at)), 'warn'];
  if (row.waits_on) return [t().waitsOn(row.waits_on), ''];
  if (['blocked', 'manual', 'doubt', 'pending'].includes(state)) return [reasonOf(row) ?? '', ''];
  const facts = [`${row.width}×${row.height} ${row.format}`];
  if (row.candidates > 1) facts.push(`${t().candidates} ${row.pick}/${row.candidates}`);
  return [facts.join(' · '), ''];
}

const firstLine = text => text.split('\n').find(line => line.trim())?.replace(/^error(\[.*?\])?:\s*/, '') ?? '';

function marks(row, state) {
  const findings = openFindings(row).length;
  const all = [];
  if (state === 'failed') all.push(h('span', { class: 'mark bad', title: t().failed }, '!'));
  if (findings > 0) all.push(h('span', { class: 'mark warn', title: t().findings(findings) }, String(findings)));
  if (isApproved(row)) all.push(h('span', { class: 'mark good', title: t().approved }, '✓'));
  for (const mark of all) {
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', mark.title);
  }
  return all;
}

/** The card with what is known now, for a picture so many CSS pixels wide. */
export function fillCard(row, width) {
  let parts = cards.get(row.id);
  if (!parts) cards.set(row.id, (parts = makeCard(row.id)));
  const state = stateOf(row);
  const digest = coverOf(row);
  const { card, img, none } = parts;
  Object.assign(card.dataset, { state, kind: isPicture(row) ? 'one' : 'bundle' });
  card.classList.toggle('selected', view.selected.has(row.id));
  parts.tick.checked = view.selected.has(row.id);
  parts.tick.setAttribute('aria-label', t().selectOne(row.id));
  img.hidden = !digest;
  img.alt = altOf(row, digest && digest === row.real ? t().sources.real : t().sources.draft);
  none.hidden = Boolean(digest) && isPicture(row);
  none.textContent = !isPicture(row) ? `${row.format.toUpperCase()}` : t().none;
  parts.frame.toggleAttribute('aria-label', false);
  if (!digest) parts.frame.setAttribute('aria-label', `${row.id}, ${none.textContent}`);
  Object.assign(parts, { digest, width: widthFor(width) });
  waiting.add(parts);
  parts.name.textContent = nameOf(row);
  parts.name.title = row.id;
  parts.state.replaceChildren(...[row.making ? runOf(row.making) : t()[state]].flat());
  parts.aside.textContent = !row.making && row.to_do && row.requests > 0 ? priceOf(row) : '';
  const [message, kind] = messageOf(row, state);
  parts.message.textContent = message;
  parts.message.title = row.error ?? row.failed ?? message;
  parts.message.className = `message ${kind}`;
  parts.marks.replaceChildren(...marks(row, state));
  fillBar(parts.bar, row.making);
  return card;
}

/** Everything that counts seconds, once a second. */
export function tick() {
  const time = Date.now();
  for (const element of document.querySelectorAll('[data-since]')) {
    if (element.classList.contains('run')) {
      if (element.dataset.expected) element.style.setProperty('--share', String(shareOf({ since: Number(element.dataset.since), expected_ms: Number(element.dataset.expected) })));
    } else element.textContent = span(time - Number(element.dataset.since));
  }
  for (const element of document.querySelectorAll('[data-until]')) {
    const left = Number(element.dataset.until) - time;
    element.textContent = left > 0 ? t().goesOn(span(left)) : t().phases.waiting;
  }
  if (Object.values(now.progress).some(run => run.left_ms)) changed('clock');
}
