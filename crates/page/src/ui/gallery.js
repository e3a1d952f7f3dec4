// All assets by manifest: single ones as a grid, a carousel as a strip.

import { openDetail } from './detail.js';
import { $, cards, h, isPicture, isShown, isWorking, now, priceOf, reasonOf, shownOf, stateOf, t, urlOf, view } from './state.js';

/** A picture that is swapped once the new one is decoded, so that nothing flickers. */
export function setPicture(img, digest) {
  if (img.dataset.digest === digest) return;
  img.dataset.digest = digest;
  if (!img.getAttribute('src')) {
    img.src = urlOf(digest);
    return;
  }
  const next = new Image();
  next.src = urlOf(digest);
  next.decode().catch(() => {}).then(() => {
    if (img.dataset.digest === digest) img.src = next.src;
  });
}

function makeCard(id) {
  const img = h('img', { loading: 'lazy', decoding: 'async', alt: '' });
  const none = h('span', { class: 'none' });
  const parts = {
    img, none,
    frame: h('button', { type: 'button', class: 'frame', onclick: () => openDetail(id) }, img, none),
    name: h('span', { class: 'name' }), state: h('span', { class: 'state' }),
    small: h('p', { class: 'small path' }), price: h('p', { class: 'small' }), message: h('p', { class: 'message' }),
  };
  const card = h('article', { class: 'card', 'data-id': id },
    parts.frame, h('div', { class: 'line' }, parts.name, parts.state), parts.message, parts.small, parts.price);
  return { card, ...parts };
}

export function fillCard(row) {
  let parts = cards.get(row.id);
  if (!parts) cards.set(row.id, (parts = makeCard(row.id)));
  const state = stateOf(row);
  const digest = shownOf(row);
  const name = row.carousel ? row.id.slice(row.carousel.length + 1) : row.id;
  parts.card.dataset.state = state;
  parts.frame.style.setProperty('aspect-ratio', `${row.width} / ${row.height}`);
  parts.frame.setAttribute('aria-label', row.id);
  parts.img.hidden = !digest || !isPicture(row);
  parts.none.hidden = !parts.img.hidden;
  parts.none.textContent = digest ? row.format.toUpperCase() : t().none;
  if (!parts.img.hidden) setPicture(parts.img, digest);
  parts.name.replaceChildren(...breakable(name));
  parts.state.textContent = t()[state];
  parts.message.hidden = !row.failed && state !== 'blocked' && state !== 'manual';
  parts.message.textContent = row.failed ?? reasonOf(row) ?? '';
  parts.small.replaceChildren(...breakable(row.output));
  const facts = [`${row.width}×${row.height}`, row.format];
  if (row.candidates > 1) facts.push(`${t().candidates} ${row.pick}/${row.candidates}`);
  if (row.to_do && row.requests > 0) facts.push(priceOf(row));
  parts.price.textContent = facts.join(' · ');
  parts.card.classList.toggle('working', isWorking(row.id));
  return parts.card;
}

/** May break after a slash. */
const breakable = text => text.split(/(?<=\/)/).flatMap((part, n) => (n === 0 ? [part] : [h('wbr'), part]));

/** The sections in order: manifest, then what stands in it: single assets as a grid, a carousel as a strip. */
function sections() {
  const found = [];
  for (const id of now.order) {
    const row = now.rows.get(id);
    if (!row || !isShown(row)) continue;
    let manifest = found.at(-1);
    if (manifest?.name !== row.manifest) found.push((manifest = { name: row.manifest, singles: [], carousels: new Map() }));
    // What is made of a carousel's slides stands with the single pictures: it is no slide.
    if (row.carousel === null || row.bundle) manifest.singles.push(row);
    else if (manifest.carousels.has(row.carousel)) manifest.carousels.get(row.carousel).push(row);
    else manifest.carousels.set(row.carousel, [row]);
  }
  return found;
}

/** Puts these children there, and leaves alone what is right already: what moves loses its scroll. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, n) => {
    if (parent.children[n] !== child) parent.insertBefore(child, parent.children[n] ?? null);
  });
}

const boxes = new Map();

function box(key, make) {
  if (!boxes.has(key)) boxes.set(key, make());
  return boxes.get(key);
}

export function renderGallery() {
  const shown = [];
  for (const { name, singles, carousels } of sections()) {
    const section = box(`manifest ${name}`, () => h('section', { class: 'manifest' }, h('h2', { class: 'path' }, name)));
    const inside = [section.firstElementChild];
    if (singles.length > 0) {
      const grid = box(`grid ${name}`, () => h('div', { class: 'grid' }));
      arrange(grid, singles.map(fillCard));
      inside.push(grid);
    }
    for (const [carousel, rows] of carousels) {
      const strip = box(`carousel ${carousel}`, () => h('div', { class: 'carousel' },
        h('h3', null, carousel, h('small')), h('div', { class: 'strip', tabindex: '0', 'aria-label': carousel })));
      strip.querySelector('small').textContent = t().slides(rows.length);
      arrange(strip.lastElementChild, rows.map(fillCard));
      inside.push(strip);
    }
    arrange(section, inside);
    shown.push(section);
  }
  if (shown.length === 0) {
    const empty = box('empty', () => h('p', { class: 'empty' }));
    empty.textContent = now.ready ? t().empty : t().loading;
    shown.push(empty);
  }
  arrange($('gallery'), shown);
  for (const id of [...cards.keys()]) if (!now.rows.has(id)) cards.delete(id);
}
