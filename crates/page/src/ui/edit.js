// The box that asks for a change of a picture: it is appended to the manifest as an edit step. What is typed stays
// until it was taken, over Esc, a reload and another asset. Knows nothing of the panel around it.

import { keepTyped, typed } from './kept.js';
import { order } from './orders.js';
import { block } from './sections.js';
import { h, isLive, t } from './state.js';

export function editBlock(row, said) {
  if (row.bundle || !isLive()) return null;
  if (said.shots.every(shot => shot.prompt === null)) return block(t().editTitle, h('p', { class: 'note' }, t().drawn));
  const kept = typed(row.id);
  const keep = () => keepTyped(row.id, { change: change.value, stays: stays.value });
  const change = h('textarea', { name: 'change', placeholder: t().editWhat, 'aria-label': t().editWhat, oninput: keep });
  const stays = h('input', { name: 'keep', placeholder: t().editKeep, 'aria-label': t().editKeep, oninput: keep });
  change.value = kept.change ?? '';
  stays.value = kept.stays ?? '';
  const form = h('form', {
    class: 'edit', onsubmit: async event => {
      event.preventDefault();
      if (!change.value.trim()) return change.focus();
      if (!await order('edit', { id: row.id, change: change.value, keep: stays.value.trim() || null })) return;
      change.value = stays.value = '';
      keep();
    },
  }, change, stays, h('div', { class: 'act' }, h('button', { type: 'submit', class: 'quiet append' }, t().append)));
  return block(t().editTitle, form);
}
