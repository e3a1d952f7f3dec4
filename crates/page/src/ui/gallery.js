// All assets by manifest: single ones as a grid, a carousel as a strip; of them only what is to be seen. What an asset
// looks like there is in card.js.

import { cards, fillCard, loadPictures } from './card.js';
import { isShown, shownIds } from './filter.js';
import { tellSeen } from './server.js';
import { $, changed, draws, h, isLive, now, t, view } from './state.js';
import { between, layOut, lineAt } from './virtual.js';

/** So many heights of the window above and below what is seen are drawn, too. */
const BEYOND = 0.6;
/** A list that moves faster than this, in windows a second, loads no pictures. */
const FAST = 4;

let layout = { lines: [], height: 0 };
/** The elements of the lines that are drawn, by key. */
const drawn = new Map();
/** How far each strip was moved. */
const moved = new Map();
let last = { at: 0, time: 0 };
let loadTimer = 0;

/** The sections in order: manifest, then what stands in it: single assets, and carousels by name. */
function sections() {
  const found = [];
  for (const id of shownIds()) {
    const row = now.rows.get(id);
    let manifest = found.at(-1);
    if (manifest?.name !== row.manifest) found.push((manifest = { name: row.manifest, singles: [], carousels: new Map() }));
    // What is made of a carousel's slides stands with the single pictures: it is no slide.
    if (row.carousel === null || row.bundle) manifest.singles.push(row);
    else if (manifest.carousels.has(row.carousel)) manifest.carousels.get(row.carousel).push(row);
    else manifest.carousels.set(row.carousel, [row]);
  }
  return found;
}

// ---- Lines -----------------------------------------------------------------------------------------------------

function place(element, left, width, height) {
  element.style.setProperty('--left', `${left}px`);
  element.style.setProperty('--width', `${width}px`);
  element.style.setProperty('--stage', `${height}px`);
}

/** Puts these children there, and leaves alone what is right already: what moves loses its focus. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, n) => {
    if (parent.children[n] !== child) parent.insertBefore(child, parent.children[n] ?? null);
  });
}

/** Those that are there still, with their places: a list may be moved before it is reckoned anew. */
const known = ids => ids.map((id, n) => ({ id, n })).filter(({ id }) => now.rows.has(id));

function fillGrid(element, line) {
  arrange(element, known(line.ids).map(({ id, n }) => {
    const card = fillCard(now.rows.get(id), layout.card);
    place(card, layout.margin + n * (layout.card + layout.gap), layout.card, line.stage);
    return card;
  }));
}

/** The slides that are to be seen of a strip. */
function fillStrip(element, line) {
  const { slide, gap, margin } = layout;
  const strip = element.lastElementChild;
  element.firstElementChild.firstChild.textContent = line.name;
  element.querySelector('small').textContent = t().slides(line.ids.length);
  strip.setAttribute('aria-label', line.name);
  const track = strip.firstElementChild;
  track.style.setProperty('--stage', `${line.stage}px`);
  track.style.setProperty('--long', `${line.ids.length * (slide + gap) - gap + 2 * margin}px`);
  const first = Math.max(0, Math.floor((strip.scrollLeft - margin - innerWidth * BEYOND) / (slide + gap)));
  const count = Math.ceil((innerWidth * (1 + 2 * BEYOND)) / (slide + gap)) + 1;
  const focused = line.ids.findIndex(id => cards.get(id)?.card.contains(document.activeElement));
  const seen = known(line.ids).filter(({ n }) => (n >= first && n < first + count) || n === focused);
  arrange(track, seen.map(({ id, n }) => {
    const card = fillCard(now.rows.get(id), slide);
    place(card, margin + n * (slide + gap), slide, line.stage);
    return card;
  }));
}

function makeLine(line) {
  if (line.kind === 'heading') return h('h2', { class: 'heading path' });
  if (line.kind === 'grid') return h('div', { class: 'grid' });
  const strip = h('div', { class: 'strip', tabindex: '0', role: 'group' }, h('div', { class: 'track' }));
  const element = h('section', { class: 'carousel' }, h('h3', null, '', h('small')), strip);
  strip.addEventListener('scroll', () => {
    const of = element.line;
    moved.set(of.key, strip.scrollLeft);
    fillStrip(element, of);
    loadSoon();
  }, { passive: true });
  return element;
}

function fillLine(element, line) {
  element.line = line;
  element.style.setProperty('--top', `${line.top}px`);
  if (line.kind === 'heading') element.textContent = line.name;
  else if (line.kind === 'grid') fillGrid(element, line);
  else fillStrip(element, line);
}

// ---- The window ------------------------------------------------------------------------------------------------

const gallery = () => $('gallery');
const topOf = () => gallery().offsetTop;

function drawWindow(isNew) {
  const from = scrollY - topOf();
  const lines = between(layout.lines, from - innerHeight * BEYOND, from + innerHeight * (1 + BEYOND));
  const focused = [...drawn.values()].find(element => element.contains(document.activeElement));
  const wanted = new Map(lines.map(line => [line.key, line]));
  // What has the focus stays: a list that moves takes nobody's place away.
  const kept = focused && layout.lines.find(line => line.key === focused.line.key);
  if (kept) wanted.set(kept.key, kept);
  for (const [key, element] of drawn) {
    if (wanted.has(key)) continue;
    element.remove();
    drawn.delete(key);
  }
  for (const line of [...wanted.values()].sort((a, b) => a.top - b.top)) {
    let element = drawn.get(line.key);
    if (!element) {
      drawn.set(line.key, (element = makeLine(line)));
      insert(element, line);
      fillLine(element, line);
      if (moved.has(line.key)) element.lastElementChild.scrollLeft = moved.get(line.key);
    } else if (isNew || element.line !== line) fillLine(element, line);
  }
  const seen = between(layout.lines, from, from + innerHeight).flatMap(line => idsSeen(line));
  tellSeen(seen);
}

/** In the order of the list: Tab goes by it. */
function insert(element, line) {
  const after = [...gallery().children].find(other => other.line && other.line.top > line.top);
  gallery().insertBefore(element, after ?? null);
}

function idsSeen(line) {
  if (line.kind === 'grid') return line.ids;
  if (line.kind !== 'strip') return [];
  const step = layout.slide + layout.gap;
  const first = Math.floor((moved.get(line.key) ?? 0) / step);
  return line.ids.slice(first, first + Math.ceil(innerWidth / step) + 1);
}

function loadSoon() {
  clearTimeout(loadTimer);
  loadTimer = setTimeout(loadPictures, 90);
}

function onScroll() {
  const time = performance.now();
  const speed = Math.abs(scrollY - last.at) / innerHeight / Math.max(0.016, (time - last.time) / 1000);
  last = { at: scrollY, time };
  drawWindow(false);
  if (speed < FAST) loadPictures();
  else loadSoon();
}

/** What is above may become more or less: what one looks at stays where it is. */
function anchor() {
  if (scrollY < topOf()) return null;
  const line = layout.lines[lineAt(layout.lines, scrollY - topOf())];
  const id = line?.ids?.[0];
  return id === undefined ? null : { id, by: line.top - scrollY };
}

function drawGallery() {
  const before = anchor();
  // Without the bar at the side, as wide as it is.
  layout = layOut(sections(), gallery().clientWidth);
  gallery().style.setProperty('--high', `${layout.height}px`);
  if (before && isShown(now.rows.get(before.id) ?? {})) {
    const line = layout.lines.find(other => other.ids?.includes(before.id));
    if (line && line.top - scrollY !== before.by) scrollTo({ top: line.top - before.by, behavior: 'instant' });
  }
  drawWindow(true);
  loadPictures();
  drawEmpty();
  for (const id of [...cards.keys()]) if (!now.rows.has(id)) cards.delete(id);
}

function drawEmpty() {
  const empty = $('empty');
  empty.hidden = layout.lines.length > 0;
  if (empty.hidden) return empty.replaceChildren();
  const isBare = now.rows.size === 0;
  const wrong = now.problems.length > 0;
  const said = !now.ready ? h('p', null, t().loading)
    : isBare && !wrong ? [h('h2', null, t().bareTitle), h('p', null, t().bare), isLive() ? h('pre', { tabindex: '0' }, t().bareExample) : null]
      : isBare ? h('p', null, t().bareWrong)
        : [h('p', null, t().empty), h('button', { type: 'button', class: 'quiet', onclick: showAll }, t().showAll)];
  empty.replaceChildren(...[said].flat().filter(Boolean));
}

function showAll() {
  Object.assign(view, { state: 'all', search: '' });
  changed('view');
}

/** Brings an asset into sight, and its card. */
export function reveal(id) {
  const line = layout.lines.find(other => other.ids?.includes(id));
  if (!line) return null;
  const top = line.top + topOf();
  const room = $('top').offsetHeight + 12;
  if (top - room < scrollY || top + line.height > scrollY + innerHeight) scrollTo({ top: top - room, behavior: 'instant' });
  drawWindow(false);
  if (line.kind === 'strip') {
    const strip = drawn.get(line.key).lastElementChild;
    const left = line.ids.indexOf(id) * (layout.slide + layout.gap);
    if (left < strip.scrollLeft || left + layout.slide + 2 * layout.margin > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = left;
    fillStrip(drawn.get(line.key), line);
  }
  loadPictures();
  return cards.get(id)?.frame ?? null;
}

/** The asset beside, above or below another one in the list; none at the end. */
export function beside(id, key) {
  const lines = layout.lines.filter(line => line.ids);
  const at = lines.findIndex(line => line.ids.includes(id));
  if (at < 0) return lines[0]?.ids[0] ?? null;
  const n = lines[at].ids.indexOf(id);
  if (key === 'ArrowLeft') return lines[at].ids[n - 1] ?? lines[at - 1]?.ids.at(-1) ?? null;
  if (key === 'ArrowRight') return lines[at].ids[n + 1] ?? lines[at + 1]?.ids[0] ?? null;
  const other = lines[at + (key === 'ArrowUp' ? -1 : 1)];
  return other ? other.ids[Math.min(n, other.ids.length - 1)] : null;
}

export function beginGallery() {
  addEventListener('scroll', onScroll, { passive: true });
  let wide = 0;
  new ResizeObserver(() => {
    // Its height is what is drawn here.
    if (gallery().clientWidth !== wide) changed('view');
    wide = gallery().clientWidth;
  }).observe(gallery());
  draws(['rows', 'view', 'progress', 'language'], drawGallery);
}
