// The keyboard: everything that a click does, by a key, and a list of these keys. Knows nothing of how things are drawn.

import { closeAsset, LOOKS, setLook } from './address.js';
import { beside, reveal } from './gallery.js';
import { remember } from './kept.js';
import { detailSaid, openPanes, step } from './panel.js';
import { toggleOver } from './picture.js';
import { toggleApproved } from './review.js';
import { pickNumber } from './sections.js';
import { selectNone, selectShown, toggleSelected } from './select.js';
import { zoomOn } from './side.js';
import { showSpend } from './spend.js';
import { $, changed, h, isLive, now, shownOf, t, view } from './state.js';

const rowOpen = () => now.rows.get(view.open) ?? null;
const press = css => $('detail').querySelector(css)?.click();

/** Of the panes, of the candidates: the one with this number becomes the picture. */
function pickBy(number) {
  const row = rowOpen();
  if (!row) return;
  if (view.look === 'side') openPanes()[number - 1]?.use?.();
  else if (isLive()) pickNumber(row, detailSaid(), number);
}

/** The asset that the focus is at, in the list. */
const focusedId = () => document.activeElement?.closest?.('.card')?.dataset.id ?? null;

function moveTo(key) {
  const id = focusedId();
  const next = id === null ? beside('', key) : beside(id, key);
  if (next !== null) reveal(next)?.focus({ preventScroll: true });
}

/** Keys while an asset is open. */
const inPanel = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), c: () => setLook(LOOKS[(LOOKS.indexOf(view.look) + 1) % LOOKS.length]),
  z: () => (view.look === 'side' ? zoomOn() : setLook('side')), s: () => toggleOver('safe'), f: () => toggleOver('feed'), p: () => toggleOver('crops'),
  a: () => toggleApproved(view.look === 'side' ? openPanes()[0]?.digest : shownOf(rowOpen())), m: () => press('.make'), e: () => press('.open-editor'),
  n: () => $('detail').querySelector('textarea[name=note]')?.focus(), d: () => press('a[download]'),
};
/** Keys in the list. */
const inList = {
  ArrowLeft: () => moveTo('ArrowLeft'), ArrowRight: () => moveTo('ArrowRight'), ArrowUp: () => moveTo('ArrowUp'), ArrowDown: () => moveTo('ArrowDown'),
  x: () => isLive() && focusedId() && toggleSelected(focusedId(), false), X: () => isLive() && focusedId() && toggleSelected(focusedId(), true),
  a: () => focusedId() && toggleApproved(shownOf(now.rows.get(focusedId()))),
};
const everywhere = { '?': showHelp, g: () => isLive() && showSpend(), l: () => $('language').click(), t: () => $('theme').click() };

function escape() {
  if (view.open !== null) closeAsset();
  else if (view.selecting) selectNone();
  else if (document.activeElement === $('search')) $('search').blur();
}

function onKey(event) {
  if (document.querySelector('dialog[open]') || event.isComposing) return;
  const writing = event.target.matches?.('input:not([type=checkbox]):not([type=range]), textarea, select');
  if (event.key === 'Escape') return escape();
  const all = event.ctrlKey || event.metaKey;
  if (all && event.key === 'a' && view.selecting && !writing) {
    event.preventDefault();
    return selectShown();
  }
  if (writing || all || event.altKey) return;
  if (event.key === '/' && view.open === null) {
    event.preventDefault();
    return $('search').focus();
  }
  const isArrow = event.key.startsWith('Arrow');
  if (!view.keys && !isArrow) return;
  // What can be moved or pressed by this key has it first.
  if (isArrow && event.target.matches?.('input[type=range], .strip, .prompt, .diff, .told')) return;
  const keys = view.open !== null ? inPanel : inList;
  const does = keys[event.key] ?? everywhere[event.key] ?? (view.open !== null && /^[1-9]$/.test(event.key) ? () => pickBy(Number(event.key)) : null);
  if (!does) return;
  event.preventDefault();
  does();
}

export function showHelp() {
  const dialog = $('help-dialog');
  const { help } = t();
  const list = rows => h('dl', { class: 'keys' }, rows.flatMap(([keys, what]) => [h('dt', null, keys.split(' ').map(key => h('kbd', null, key))), h('dd', null, what)]));
  const box = h('input', { type: 'checkbox', checked: view.keys, onchange: event => {
    view.keys = event.target.checked;
    remember('keys', view.keys ? 'on' : 'off');
    changed('language');
  } });
  dialog.replaceChildren(h('div', { class: 'bar' }, h('h2', { id: 'help-title' }, help.title), h('button', { type: 'button', class: 'quiet close', onclick: () => dialog.close() }, t().close)),
    h('div', { class: 'columns' }, h('section', null, h('h3', null, help.list), list(help.listKeys)), h('section', null, h('h3', null, help.panel), list(help.panelKeys))),
    h('label', { class: 'switch' }, box, help.single));
  dialog.showModal();
}

export function beginKeys() {
  document.addEventListener('keydown', onKey);
  $('help').addEventListener('click', showHelp);
  $('money').addEventListener('click', () => isLive() && showSpend());
}

