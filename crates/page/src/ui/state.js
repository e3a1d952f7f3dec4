// What the page knows, and what a person looks at; and what every part of it says in the same words. Knows
// nothing of how it is laid out.

import { WORDS } from './words.js';

export const STATES = ['fresh', 'draft', 'stale', 'failed', 'blocked', 'manual'];
export const THEMES = ['auto', 'light', 'dark'];

export const $ = id => document.getElementById(id);

/** An element with attributes (`on…` are listeners) and children; strings become text. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== 'list' && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const now = {
  about: { project: '', drafts: true }, ready: false, rows: new Map(), order: [], problems: [], money: null,
  progress: {}, jobs: new Map(), ended: [], lost: false,
};
export const view = { language: 'en', theme: 'auto', state: 'all', search: '', open: null, left: null, right: null, cut: 50 };
export const t = () => WORDS[view.language];

export const stateOf = row => (row.failed ? 'failed' : row.state);
export const shownOf = row => (row.state === 'fresh' || !row.draft ? row.real ?? row.draft : row.draft);
export const urlOf = digest => `picture/${digest}`;
export const isPicture = row => row.format !== 'pdf';

export function dollars(micro) {
  if (micro === 0) return '$0.000';
  if (micro < 1000) return `$${(micro / 1e6).toFixed(6).replace(/0+$/, '')}`;
  return `$${(micro / 1e6).toFixed(3)}`;
}

export function priceOf(row) {
  if (row.requests === 0) return t().free;
  if (row.price === null) return t().unknown;
  return `${row.up_to ? t().upTo : ''}${dollars(row.price)}${row.published ? ` (${row.published})` : ''}`;
}

/** What the program says in English, as far as there is a fixed word for it. */
export function reasonOf(row) {
  if (!row.reason || view.language === 'en') return row.reason;
  const fixed = {
    'never made': '从未制作', 'output is missing': '输出文件不见了', 'export changed': '导出方式已改',
    'its inputs changed': '输入已改变', 'pinned and stale': '已固定（内容已过期）',
  };
  const changed = /^(.+) changed$/.exec(row.reason);
  return fixed[row.reason] ?? (changed ? `已改：${changed[1]}` : row.reason);
}

/** The cards that are shown, by asset: what a detail gives the focus back to. */
export const cards = new Map();

export const isWorking = id => Object.values(now.progress).some(run => id in run.running);
export const isMaking = id => [...now.jobs.values()].some(job => job.action === 'make' && job.id === id);

export function isShown(row) {
  const words = view.search.trim().toLowerCase();
  const found = !words || `${row.id} ${row.output} ${row.manifest}`.toLowerCase().includes(words);
  return found && (view.state === 'all' || stateOf(row) === view.state);
}
