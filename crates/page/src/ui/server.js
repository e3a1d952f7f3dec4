// Speaks with the server: asks, hears what changes, and finds it again after it was away. In a folder there is none,
// and what is there was brought along. Knows nothing of what is drawn.

import { keptReviews } from './kept.js';
import { changed, folder, isLive, now, view } from './state.js';

/** So long after the last scroll it is told what is seen. */
const SEEN_AFTER = 150;
const MAX_SEEN = 200;
/** A server that is away is looked for so often at first, and so seldom at last, in ms. */
const RETRY = [1000, 10000];
/** So many orders that ended are kept. */
const MAX_ENDED = 20;

/** The path with the language that answers are to be in; English is what there is without. */
const inLanguage = path => (view.language === 'en' ? path : `${path}${path.includes('?') ? '&' : '?'}lang=${view.language}`);

/** The server's answer; what went wrong is in its `error`. */
export async function call(path, body) {
  if (!isLive()) return fromFolder(path);
  try {
    const answer = await fetch(inLanguage(path), body === undefined ? {} : {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.ok && !text) return {};
    try { return JSON.parse(text); } catch { return { error: text || String(answer.status) }; }
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

function fromFolder(path) {
  const id = path.startsWith('asset?') ? new URLSearchParams(path.slice(6)).get('id') : null;
  return (id !== null && folder().assets[id]) || { error: '' };
}

// ---- What the server tells -------------------------------------------------------------------------------------

let version = null;

const tells = {
  everything(message) {
    const { about } = message;
    // Another gpbuild answers now: it brings a page of its own.
    if (version !== null && about.version !== version) return location.reload();
    version = about.version ?? null;
    Object.assign(now, {
      about, ready: message.ready, problems: message.problems, money: message.money, progress: message.progress ?? {},
      rows: new Map(message.rows.map(row => [row.id, row])), order: message.rows.map(row => row.id),
      orders: new Map((message.orders ?? []).map(order => [order.number, order])),
      reviews: message.reviews ?? {}, fresh_clone: message.fresh_clone ?? null, lost: false, heard: Date.now(),
    });
    if (folder()) Object.assign(now.reviews, keptReviews());
    changed('all');
  },
  rows({ rows, order }) {
    for (const row of rows) now.rows.set(row.id, row);
    if (order) {
      const kept = new Set(order);
      for (const id of [...now.rows.keys()]) if (!kept.has(id)) now.rows.delete(id);
      for (const id of [...view.selected]) if (!kept.has(id)) view.selected.delete(id);
      now.order = order;
    }
    changed('rows');
  },
  problems({ problems }) {
    Object.assign(now, { problems, ready: true });
    changed('problems');
  },
  money(message) {
    now.money = message.money;
    changed('money');
  },
  progress({ progress }) {
    Object.assign(now, { progress, heard: Date.now() });
    changed('progress');
  },
  making({ id, making, state }) {
    const row = now.rows.get(id);
    if (!row) return;
    row.making = making;
    row.state = state ?? row.state;
    changed('rows');
  },
  /** A picture is there before the plan was looked at again. */
  done({ id, picture, digest, failed }) {
    const row = now.rows.get(id);
    if (!row) return;
    row.failed = failed;
    if (digest && row[picture] !== digest) {
      row.before ??= {};
      row.before[picture] = row[picture];
      row[picture] = digest;
    }
    changed('rows');
  },
  order({ order }) {
    now.orders.delete(order.number);
    now.orders.set(order.number, order);
    const ended = [...now.orders.values()].filter(other => other.ended ?? ['done', 'failed', 'cancelled'].includes(other.stage));
    for (const old of ended.slice(0, -MAX_ENDED)) now.orders.delete(old.number);
    changed('orders');
  },
  fresh_clone(message) {
    now.fresh_clone = message.fresh_clone;
    changed('problems');
  },
  reviews({ reviews }) {
    now.reviews = reviews;
    changed('reviews', 'rows');
  },
};

function setLost(lost) {
  if (now.lost === lost) return;
  now.lost = lost;
  changed('progress');
}

let stream = null;
let again = 0;

/** Hears the server for as long as the page is open; it may end and begin again meanwhile. Called again, in another language. */
export function listen() {
  if (folder()) return tells.everything(folder().everything);
  let wait = RETRY[0];
  const connect = () => {
    clearTimeout(again);
    stream?.close();
    const events = new EventSource(inLanguage('events'));
    stream = events;
    events.onmessage = event => {
      const message = JSON.parse(event.data);
      wait = RETRY[0];
      if (Object.hasOwn(tells, message.event)) tells[message.event](message);
    };
    events.onopen = () => setLost(false);
    events.onerror = () => {
      setLost(true);
      // A browser goes on by itself after a connection that broke, and never after an answer that was none.
      events.close();
      again = setTimeout(connect, wait);
      wait = Math.min(wait * 1.6, RETRY[1]);
    };
  };
  connect();
}

// ---- What is seen ----------------------------------------------------------------------------------------------

let seenTimer = 0;
let seenBefore = '';

/** Tells which assets are to be seen: they are drawn first at the next save. */
export function tellSeen(ids) {
  if (!isLive()) return;
  clearTimeout(seenTimer);
  seenTimer = setTimeout(() => {
    const seen = ids.slice(0, MAX_SEEN);
    const said = seen.join('\n');
    if (said === seenBefore || now.lost) return;
    seenBefore = said;
    call('seen', { ids: seen });
  }, SEEN_AFTER);
}
