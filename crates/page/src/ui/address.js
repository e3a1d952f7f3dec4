// What is looked at stands in the address, so that Back, a reload and a link lead there again. It stands behind the
// `#`, which no browser sends to anybody, and which a folder without a server has as well. Knows nothing of the server.

import { CHIPS, changed, view } from './state.js';

export const LOOKS = ['one', 'slide', 'side'];

function written() {
  const fields = new URLSearchParams();
  if (view.open !== null) fields.set('asset', view.open);
  if (view.open !== null && view.look !== 'one') fields.set('look', view.look);
  if (view.state !== 'all') fields.set('state', view.state);
  if (view.search.trim()) fields.set('q', view.search.trim());
  // Ids are read by people.
  return fields.toString().replaceAll('%2F', '/');
}

/** Takes from the address what is looked at. */
export function readAddress() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const state = fields.get('state');
  const look = fields.get('look');
  Object.assign(view, {
    open: fields.get('asset'), state: CHIPS.includes(state) ? state : 'all', search: fields.get('q') ?? '',
    look: LOOKS.includes(look) ? look : 'one',
  });
}

/** Writes it there: as another step that Back undoes, or in place of the last one. */
export function writeAddress(isStep) {
  const hash = written();
  if (hash === location.hash.slice(1)) return;
  history[isStep ? 'pushState' : 'replaceState'](null, '', `${location.pathname}${location.search}${hash ? `#${hash}` : ''}`);
}

/** The address of one asset, for somebody else at this machine. */
export function linkTo(id) {
  return `${location.href.split('#')[0]}#${new URLSearchParams({ asset: id }).toString().replaceAll('%2F', '/')}`;
}

/** Back and forward, and an address that was typed; `then` is told. */
export function followAddress(then) {
  addEventListener('popstate', () => {
    const before = view.open;
    readAddress();
    if (view.open !== before) Object.assign(view, { left: null, right: null, cut: 50, picked: [] });
    then();
    changed('all');
  });
}

// ---- Going there -----------------------------------------------------------------------------------------------

/** Looks at one asset closely. From another one it is the same step: Back leads to the list. */
export function openAsset(id) {
  const isStep = view.open === null;
  Object.assign(view, { open: id, left: null, right: null, cut: 50, picked: [] });
  writeAddress(isStep);
  changed('open');
}

export function closeAsset() {
  if (view.open === null) return;
  Object.assign(view, { open: null, look: 'one' });
  writeAddress(true);
  changed('open');
}

/** How the picture is looked at: `one`, `slide` over another, `side` by side. */
export function setLook(look) {
  view.look = look;
  writeAddress(false);
  changed('open');
}

export function setState(state) {
  view.state = state;
  writeAddress(true);
  changed('view');
}
