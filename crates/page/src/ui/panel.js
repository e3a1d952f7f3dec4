// One asset, looked at closely. Each part of it is built anew only if it says something else: who writes or drags keeps
// the place. What the parts are is in files of their own.

import { closeAsset, openAsset } from './address.js';
import { cards } from './card.js';
import { editBlock } from './edit.js';
import { shownIds } from './filter.js';
import { reveal } from './gallery.js';
import { actBlock, doubtBlock, findingsBlock, makingBlock, wrongBlock } from './ongoing.js';
import { isMaking, orderFor } from './orders.js';
import { looks, picture, pictureSays } from './picture.js';
import { reviewBox } from './review.js';
import { candidatesBlocks, changesBlock, factsBlock, historyBlock, promptBlock, wordsBlock } from './sections.js';
import { call } from './server.js';
import { besideOneAnother } from './side.js';
import { sideBySide, sourcesOf } from './sources.js';
import { $, changed, draws, h, isPicture, now, reviewOf, shownOf, stateOf, t, view } from './state.js';

/** What the server said of the asset that is open, and of which row that was. */
const detail = { id: null, said: null, error: null, of: null };
/** The parts of the panel by name, with what they say now. */
let slots = new Map();
let shownId = null;

export const detailSaid = () => detail.said;

/** The sources of what is open, as they stand side by side. */
export function openPanes() {
  const row = now.rows.get(view.open);
  return row ? sideBySide(row, sourcesOf(row, detail.said), view.picked) : [];
}

export function step(by) {
  const ids = shownIds();
  const next = ids[ids.indexOf(view.open) + by];
  if (next !== undefined) openAsset(next);
}

/** Asks again whenever the asset is another one than the one that was asked about. */
async function ask(row) {
  // Seconds that pass change nothing of what is told.
  const of = JSON.stringify([view.language, { ...row, making: row.making?.phase ?? null }]);
  if (detail.id === row.id && detail.of === of) return;
  if (detail.id !== row.id) Object.assign(detail, { said: null, error: null });
  Object.assign(detail, { id: row.id, of });
  const answer = await call(`asset?id=${encodeURIComponent(row.id)}`);
  if (detail.of !== of || view.open !== row.id) return;
  detail.said = answer.error === undefined ? answer : detail.said;
  detail.error = answer.error || null;
  changed('panel');
}

// ---- Parts that stay -------------------------------------------------------------------------------------------

function holdFocus(element, build) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && { name: focused.name || focused.className, label: focused.textContent, at: [focused.selectionStart, focused.selectionEnd] };
  build();
  if (!mark) return;
  const alike = [...element.querySelectorAll('textarea, input, select, button, a, [tabindex]')].filter(one => (one.name || one.className) === mark.name);
  const again = alike.find(one => one.textContent === mark.label) ?? alike[0];
  (again ?? $('detail').querySelector('.close'))?.focus({ preventScroll: true });
  if (again && typeof mark.at[0] === 'number' && again.type !== 'range') again.setSelectionRange(...mark.at);
}

function slot(name, says, build) {
  const text = JSON.stringify(says);
  const part = slots.get(name);
  if (part.says === text) return;
  part.says = text;
  holdFocus(part.element, () => part.element.replaceChildren(...[build()].flat().filter(Boolean)));
}

const isWritingNote = () => document.activeElement?.name === 'note' && !$('detail').querySelector('.keep-note').hidden;

function frame() {
  slots = new Map();
  const part = name => {
    const element = h('div', { class: 'slot', 'data-slot': name });
    slots.set(name, { element, says: null });
    return element;
  };
  const right = ['wrong', 'making', 'doubt', 'findings', 'act', 'review', 'words', 'candidates', 'changes', 'edit', 'history', 'prompt', 'facts'];
  return [
    h('div', { class: 'bar' }, part('title'),
      h('button', { type: 'button', class: 'icon previous', 'aria-label': t().previous, onclick: () => step(-1) }, '←'),
      h('button', { type: 'button', class: 'icon next', 'aria-label': t().next, onclick: () => step(1) }, '→'),
      h('button', { type: 'button', class: 'quiet close', onclick: closeAsset }, t().close)),
    h('div', { class: 'body' }, h('div', { class: 'left' }, part('looks'), part('picture')), h('div', { class: 'right' }, right.map(part))),
  ];
}

// ---- The whole -------------------------------------------------------------------------------------------------

function fillLeft(row, said) {
  const found = sourcesOf(row, said);
  const language = view.language;
  const names = found.map(({ use, ...source }) => ({ ...source, use: Boolean(use) }));
  const marks = [row.findings, now.about.presets?.[row.target] ?? null];
  slot('looks', [row.id, row.target, found.length > 1, view.look, language, pictureSays()], () => (isPicture(row) ? looks(row, found) : null));
  if (view.look === 'side' && isPicture(row) && found.length > 0) {
    const shown = sideBySide(row, found, view.picked);
    slot('picture', [names, view.picked, language, shown.map(source => reviewOf(source.digest))], () => besideOneAnother(row, found, shown));
  } else {
    slot('picture', [row.id, row.width, row.height, row.format, shownOf(row), names, marks, pictureSays(), language], () => picture(row, found));
  }
}

function fillRight(row, said) {
  const language = view.language;
  const digest = shownOf(row);
  const orders = [orderFor('make', row.id)?.number, orderFor('make', row.id)?.can_cancel, orderFor('again', row.id)?.number, orderFor('gone', row.id)?.number];
  const of = [row.id, language];
  slot('wrong', [of, row.error, row.failed, detail.error, now.problems], () => wrongBlock(row, detail.error));
  slot('making', [of, row.making, row.waits_on, row.waited_by, orders], () => makingBlock(row));
  slot('doubt', [of, row.doubt, row.price, row.making, orders], () => doubtBlock(row));
  slot('findings', [of, row.findings], () => findingsBlock(row));
  slot('act', [of, row.state, row.reason, row.to_do, row.price, row.up_to, row.requests, row.published, row.model, isMaking(row.id), Boolean(row.making), Boolean(row.doubt)], () => actBlock(row));
  // Who writes a note writes it on the picture that was there when it was begun.
  if (!isWritingNote()) slot('review', [of, digest, reviewOf(digest), view.look === 'side'], () => (digest && !(view.look === 'side') ? reviewBox(digest) : null));
  const told = said ? [of, said] : [of, null];
  slot('words', [told[0], said?.words], () => said && wordsBlock(said));
  slot('candidates', [told[0], said?.shots], () => said && candidatesBlocks(row, said));
  slot('changes', [told[0], said?.changes, said?.forgotten, row.state], () => said && changesBlock(row, said));
  // What the box says depends on nothing but whether a model draws: who writes there is never disturbed.
  slot('edit', [told[0], said ? said.shots.every(shot => shot.prompt === null) : null, row.bundle], () => said && editBlock(row, said));
  slot('history', [told[0], said?.history], () => said && historyBlock(row, said));
  slot('prompt', [told[0], said?.prompt, said?.shots.map(shot => shot.prompt)], () => said && promptBlock(said));
  slot('facts', [of, row.output, row.reason, row.model, row.real, row.draft, said?.shots, now.about.open], () => factsBlock(row, said));
}

function close() {
  const aside = $('detail');
  if (shownId === null && aside.hidden) return;
  const id = shownId;
  shownId = null;
  aside.hidden = $('veil').hidden = true;
  aside.replaceChildren();
  behind(false);
  if (id !== null) (reveal(id) ?? cards.get(id)?.frame)?.focus({ preventScroll: true });
}

/** What is behind the panel is out of reach while it is open. */
function behind(isOut) {
  document.body.classList.toggle('has-detail', isOut);
  for (const name of ['top', 'filter', 'gallery', 'banner', 'problems', 'empty', 'selection']) $(name).inert = isOut;
}

function drawPanel() {
  const row = view.open === null ? null : now.rows.get(view.open);
  if (!row) {
    close();
    // Not there yet, or not any more: the address says so only until that is known.
    if (view.open !== null && now.ready && now.rows.size > 0) closeAsset();
    return;
  }
  const aside = $('detail');
  const isNew = shownId !== row.id || aside.dataset.language !== view.language;
  // Who goes from one to the next stays at the arrow.
  const at = ['next', 'previous'].find(name => document.activeElement?.classList.contains(name)) ?? 'close';
  if (isNew) {
    aside.replaceChildren(...frame());
    aside.dataset.language = view.language;
    aside.scrollTop = 0;
  }
  shownId = row.id;
  aside.hidden = $('veil').hidden = false;
  behind(true);
  aside.classList.toggle('whole', view.look === 'side');
  aside.dataset.state = stateOf(row);
  ask(row);
  const said = detail.id === row.id ? detail.said : null;
  slot('title', [row.id, stateOf(row), view.language], () => [h('h2', { id: 'detail-title' }, row.id), h('span', { class: 'state' }, t()[stateOf(row)])]);
  fillLeft(row, said);
  fillRight(row, said);
  if (isNew) aside.querySelector(`.${at}`).focus({ preventScroll: true });
}

export function beginPanel() {
  $('veil').addEventListener('click', closeAsset);
  draws(['open', 'panel', 'rows', 'reviews', 'orders', 'problems', 'language'], drawPanel);
}
