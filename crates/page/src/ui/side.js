// Up to four pictures side by side, at 100 % or as large as fits; what is moved in one is moved in all. Knows nothing
// of where they come from.

import { reviewButtons } from './review.js';
import { altOf, changed, dollars, h, t, urlOf, view } from './state.js';

const MAX_PANES = 4;
const ZOOMS = [0, 1, 2, 4];

/** What is looked at: the middle, as a share of the picture; `zoom` in pixels of the screen for each of the picture, 0 is what fits. */
const eye = { x: 0.5, y: 0.5, zoom: 0 };

let panes = [];
let watcher = null;

/** Where a picture of this size begins in a room of that. */
function begin(room, size, middle) {
  return size <= room ? (room - size) / 2 : -Math.min(Math.max(middle * size - room / 2, 0), size - room);
}

function scaleIn(room) {
  const { width, height } = panes[0].size;
  if (eye.zoom > 0) return eye.zoom / (globalThis.devicePixelRatio || 1);
  return Math.min(room.width / width, room.height / height, 1);
}

function placePanes() {
  for (const { view: pane, img, size } of panes) {
    const room = { width: pane.clientWidth, height: pane.clientHeight };
    const scale = scaleIn(room);
    // One of other pixels is shown as large as the first: they are the same picture.
    const [wide, high] = [panes[0].size.width * scale, (panes[0].size.width * scale * size.height) / size.width];
    img.style.setProperty('width', `${wide}px`);
    img.style.setProperty('height', `${high}px`);
    img.style.setProperty('transform', `translate(${begin(room.width, wide, eye.x)}px, ${begin(room.height, high, eye.y)}px)`);
  }
}

function moveBy(dx, dy) {
  const pane = panes[0];
  const scale = scaleIn({ width: pane.view.clientWidth, height: pane.view.clientHeight });
  const keep = value => Math.min(1, Math.max(0, value));
  eye.x = keep(eye.x - dx / (pane.size.width * scale));
  eye.y = keep(eye.y - dy / (pane.size.height * scale));
  placePanes();
}

export function zoomTo(zoom) {
  eye.zoom = zoom;
  for (const button of document.querySelectorAll('[data-zoom]')) button.setAttribute('aria-pressed', String(Number(button.dataset.zoom) === zoom));
  if (panes.length > 0) placePanes();
}

export const zoomOn = () => zoomTo(eye.zoom === 0 ? 1 : 0);

function moves(event) {
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (step) moveBy(...step);
  else if (event.key === '+' || event.key === '=') zoomTo(ZOOMS[Math.min(ZOOMS.indexOf(eye.zoom) + 1, ZOOMS.length - 1)]);
  else if (event.key === '-') zoomTo(ZOOMS[Math.max(ZOOMS.indexOf(eye.zoom) - 1, 0)]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function drag(event) {
  if (event.button !== 0) return;
  const pane = event.currentTarget;
  let [x, y] = [event.clientX, event.clientY];
  pane.setPointerCapture(event.pointerId);
  pane.classList.add('dragged');
  const move = next => {
    moveBy(next.clientX - x, next.clientY - y);
    [x, y] = [next.clientX, next.clientY];
  };
  const end = () => {
    pane.classList.remove('dragged');
    pane.removeEventListener('pointermove', move);
  };
  pane.addEventListener('pointermove', move);
  pane.addEventListener('lostpointercapture', end, { once: true });
}

function pane(row, source, n) {
  const img = h('img', { src: urlOf(source.digest), alt: altOf(row, source.name), draggable: false, 'data-digest': source.digest });
  const entry = { img, size: { width: row.width, height: row.height } };
  entry.view = h('div', {
    class: 'pane-view', tabindex: '0', role: 'group', 'aria-label': `${n + 1}: ${source.name}`, onkeydown: moves, onpointerdown: drag,
    ondblclick: zoomOn,
  }, img);
  entry.view.addEventListener('wheel', event => {
    if (eye.zoom === 0 && !event.ctrlKey) return;
    event.preventDefault();
    if (event.ctrlKey) zoomTo(ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(eye.zoom) - Math.sign(event.deltaY)))]);
    else moveBy(-event.deltaX, -event.deltaY);
  }, { passive: false });
  img.addEventListener('load', () => {
    entry.size = { width: img.naturalWidth, height: img.naturalHeight };
    if (panes.includes(entry)) placePanes();
  });
  panes.push(entry);
  const facts = [source.name, source.cost ? dollars(source.cost) : null].filter(Boolean).join(' · ');
  return h('figure', { class: 'pane', 'data-pane': String(n + 1) }, entry.view, h('figcaption', null,
    h('kbd', null, String(n + 1)), h('span', { class: 'pane-name' }, facts, source.model ? h('small', null, source.model) : null),
    source.use ? h('button', { type: 'button', class: 'quiet use', onclick: source.use }, t().useThis)
      : source.isPicked ? h('span', { class: 'soft' }, t().picked) : null,
    reviewButtons(source.digest)));
}

/** Which of all pictures are beside one another. */
function chooser(found, shown) {
  if (found.length < 2) return null;
  const digests = shown.map(source => source.digest);
  return h('div', { class: 'tabs wrap', role: 'group', 'aria-label': t().whichPictures }, found.slice(0, 24).map(source => h('button', {
    type: 'button', class: 'tab', 'data-source': source.digest, 'aria-pressed': String(digests.includes(source.digest)),
    disabled: !digests.includes(source.digest) && digests.length >= MAX_PANES,
    onclick: () => {
      view.picked = digests.includes(source.digest) ? digests.filter(other => other !== source.digest) : [...digests, source.digest];
      changed('panel');
    },
  }, source.name)));
}

export function besideOneAnother(row, found, shown) {
  panes = [];
  const zoom = (value, label) => h('button', { type: 'button', class: 'tab', 'data-zoom': String(value), 'aria-pressed': String(eye.zoom === value), onclick: () => zoomTo(value) }, label);
  const room = h('div', { class: 'panes', 'data-count': String(shown.length) }, shown.map((source, n) => pane(row, source, n)));
  watcher?.disconnect();
  watcher = new ResizeObserver(() => panes.length > 0 && placePanes());
  watcher.observe(room);
  return h('div', { class: 'side' },
    h('div', { class: 'looks' }, h('div', { class: 'tabs', role: 'group', 'aria-label': t().zoom }, zoom(0, t().fit), zoom(1, '100 %'), zoom(2, '200 %')), chooser(found, shown)),
    room);
}
