// What people say of a picture: whether it is approved, and a note. It belongs to the picture, by its digest, and not
// to the asset. Knows nothing of where it is shown.

import { keepReviews, keepTyped, remembered, typed } from './kept.js';
import { call } from './server.js';
import { changed, folder, h, isLive, now, reviewOf, t } from './state.js';

const MAX_NOTE = 2000;

/** Keeps what somebody says of a picture; what the server says against it, else nothing. */
export async function review(digest, said) {
  const before = reviewOf(digest) ?? { approved: null, note: '', by: null };
  const next = { approved: before.approved ?? null, note: before.note ?? '', ...said };
  if (isLive()) {
    const answer = await call('review', { digest, ...next });
    if (answer.error !== undefined) return answer.error;
  }
  const by = isLive() ? {} : { by: remembered('name')?.trim() || null, day: null };
  now.reviews = { ...now.reviews, [digest]: { ...before, ...next, ...by } };
  if (next.approved === null && !next.note) delete now.reviews[digest];
  keepReviews();
  changed('reviews', 'rows');
  return null;
}

/** Approves a picture, or takes that back. */
export function toggleApproved(digest) {
  if (digest) review(digest, { approved: reviewOf(digest)?.approved === true ? null : true });
}

export function reviewButtons(digest) {
  const { approved = null } = reviewOf(digest) ?? {};
  const button = (value, className, sign, label) => h('button', {
    type: 'button', class: `verdict ${className}`, 'data-approved': String(value), 'data-of': digest, 'aria-pressed': String(approved === value), 'aria-label': label, title: label,
    onclick: () => review(digest, { approved: approved === value ? null : value }),
  }, sign);
  return h('span', { class: 'verdicts' }, button(true, 'good', '✓', t().approve), button(false, 'bad', '✕', t().needsWork));
}

/** The box of a picture: both buttons, and the note. What is typed and not kept yet survives. */
export function reviewBox(digest) {
  const now_ = reviewOf(digest) ?? {};
  const kept = typed(`note ${digest}`).note;
  const error = h('p', { class: 'note bad', role: 'alert' });
  const note = h('textarea', {
    name: 'note', rows: 2, maxlength: String(MAX_NOTE), placeholder: t().notePlaceholder, 'aria-label': t().notePlaceholder,
    oninput: event => { keepTyped(`note ${digest}`, { note: event.target.value }); save.hidden = false; },
    onkeydown: event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep(); },
  });
  note.value = kept ?? now_.note ?? '';
  const save = h('button', { type: 'button', class: 'quiet keep-note', hidden: kept === undefined, onclick: () => keep() }, t().keepNote);
  async function keep() {
    const said = await review(digest, { note: note.value.trim() });
    error.textContent = said ?? '';
    if (said === null) {
      keepTyped(`note ${digest}`, {});
      save.hidden = true;
    }
  }
  const who = [now_.by, now_.day].filter(Boolean).join(', ');
  return h('section', { class: 'review' }, h('h3', null, t().review),
    h('div', { class: 'act' }, reviewButtons(digest),
      h('span', { class: 'soft' }, now_.approved === true ? t().approved : now_.approved === false ? t().needsWork : t().notReviewed, who ? ` · ${who}` : '')),
    note, h('div', { class: 'act' }, save), error);
}

/** In a folder nobody keeps it but the browser: it goes out as a file. */
export function saveReviews() {
  const reviews = {};
  for (const [digest, { approved = null, note = '', by = null }] of Object.entries(now.reviews)) reviews[digest] = { approved, note, by };
  const file = JSON.stringify({ gpbuild_review: 1, project: folder().everything.about.project, reviews }, null, 1);
  const url = URL.createObjectURL(new Blob([file], { type: 'application/json' }));
  h('a', { href: url, download: 'gpbuild-review.json' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
