// What the page knows, what a person looks at, and the words and figures that every part of it says alike. Knows
// nothing of how it is laid out, and of the server nothing.

import { WORDS } from './words.js';

/** As the chips stand: what somebody has to look at comes first. `notes` are findings that nobody accepted. */
export const CHIPS = ['failed', 'doubt', 'notes', 'making', 'pending', 'stale', 'draft', 'blocked', 'manual', 'fresh', 'approved'];
export const THEMES = ['auto', 'light', 'dark'];
const WIDTHS = [160, 320, 640, 960, 1280];

export const $ = id => document.getElementById(id);

/** An element with attributes (`on…` are listeners) and children; strings become text, and never anything else. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== 'list' && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const now = {
  about: { project: '', drafts: true, mode: 'live' }, ready: false, rows: new Map(), order: [], problems: [], money: null,
  progress: {}, orders: new Map(), reviews: {}, fresh_clone: null, lost: false, heard: 0,
};
export const view = {
  language: 'en', theme: 'auto', state: 'all', search: '', open: null, keys: true,
  selected: new Set(), selecting: false, look: 'one', left: null, right: null, cut: 50, picked: [],
};
export const t = () => WORDS[view.language];
/** What the folder of `gpbuild review` brings along; nothing on the live page. */
export const folder = () => globalThis.GPBUILD ?? null;
export const isLive = () => folder() === null;

// ---- Who is told of what changed -----------------------------------------------------------------------------

const parts = new Map();
const dirty = new Set();

/** This part of the page is drawn by `draw` whenever one of `names` changed; the parts in the order of this call. */
export function draws(names, draw) {
  parts.set(draw, names);
}

/** Has the parts that show one of `names` drawn anew, once, before the next picture of the screen. */
export function changed(...names) {
  if (dirty.size === 0) {
    // A page in the background is given no frames, and its title is read all the same.
    if (document.hidden) setTimeout(flush, 0);
    else requestAnimationFrame(flush);
  }
  for (const name of names) dirty.add(name);
}

function flush() {
  const names = new Set(dirty);
  dirty.clear();
  for (const [draw, wanted] of parts) if (names.has('all') || wanted.some(name => names.has(name))) draw();
}

// ---- Rows ------------------------------------------------------------------------------------------------------

/** One word for how an asset is: what is going on comes before what went wrong, and that before the rest. */
export function stateOf(row) {
  if (row.making) return 'making';
  if (row.failed || row.error) return 'failed';
  return row.state;
}

export const shownOf = row => (row.state === 'fresh' || !row.draft ? row.real ?? row.draft : row.draft);
export const isPicture = row => row.format !== 'pdf';
export const openFindings = row => (row.findings ?? []).filter(finding => !finding.accepted);
export const reviewOf = digest => now.reviews[digest] ?? null;
export const isApproved = row => Boolean(reviewOf(shownOf(row))?.approved);
export const nameOf = row => (row.carousel && !row.bundle && row.id.startsWith(`${row.carousel}/`) ? row.id.slice(row.carousel.length + 1) : row.id);
export const wordsOf = row => (row.words ?? '').replace(/\s*\n\s*/g, ' · ').trim();

/** What is on a picture, for who does not see it. */
export const altOf = (row, name) => [row.id, name, wordsOf(row)].filter(Boolean).join(', ');

/** The chips that an asset is counted under. */
export function chipsOf(row) {
  const chips = [stateOf(row)];
  if (openFindings(row).length > 0) chips.push('notes');
  if (isApproved(row)) chips.push('approved');
  return chips;
}

/** What stands for an asset in lists: of a bundle, its first slide. */
export function coverOf(row) {
  if (isPicture(row)) return shownOf(row);
  for (const id of now.order) {
    const other = now.rows.get(id);
    if (other && row.carousel && other.carousel === row.carousel && !other.bundle && isPicture(other)) return shownOf(other);
  }
  return null;
}

// ---- Pictures --------------------------------------------------------------------------------------------------

export const urlOf = digest => (folder() ? folder().files[digest] ?? '' : `picture/${digest}`);

/** As a list shows it: one so wide, in pixels of the screen. */
export function thumbOf(digest, width) {
  if (folder()) return folder().thumbs?.[digest] ?? urlOf(digest);
  return `thumb/${digest}/${width}`;
}

/** The width of a thumbnail that is sharp at so many CSS pixels. */
export function widthFor(css) {
  const wanted = css * Math.min(globalThis.devicePixelRatio || 1, 3);
  return WIDTHS.find(width => width >= wanted * 0.9) ?? WIDTHS.at(-1);
}

// ---- Figures ---------------------------------------------------------------------------------------------------

export function dollars(micro) {
  if (micro === 0) return '$0.000';
  if (micro < 1000) return `$${(micro / 1e6).toFixed(6).replace(/0+$/, '')}`;
  return `$${(micro / 1e6).toFixed(3)}`;
}

export const money = micro => (micro === null || micro === undefined ? t().unknown : dollars(micro));

export function priceOf(row) {
  if (row.requests === 0) return t().free;
  if (row.price === null) return t().unknown;
  return `${row.up_to ? t().upTo : ''}${dollars(row.price)}${row.published ? ` (${row.published})` : ''}`;
}

/** A span of time, in as few signs as say it: 8 s, 1:05, 2:10:00. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const two = n => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** A time of day here; of another day, with the day. */
export function clock(ms) {
  const when = new Date(ms);
  const language = view.language === 'zh' ? 'zh-CN' : 'en-GB';
  const time = when.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (when.toDateString() === new Date().toDateString()) return time;
  return `${when.toLocaleDateString(language, { month: 'short', day: 'numeric' })} ${time}`;
}

/** What the program says in English, as far as there is a fixed word for it. */
export function reasonOf(row) {
  if (!row.reason || view.language === 'en') return row.reason;
  const changedWord = /^(.+) changed$/.exec(row.reason);
  return t().reasons[row.reason] ?? (changedWord ? `${t().reasonChanged}${changedWord[1]}` : row.reason);
}
