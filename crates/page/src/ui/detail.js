// One asset, looked at closely: its pictures under a slider, prompt and diff, candidates, the edit box and the
// button that makes it.

import { call, make, order } from './orders.js';
import { $, cards, h, isMaking, isPicture, isShown, now, priceOf, reasonOf, shownOf, stateOf, t, urlOf, view } from './state.js';

/** So many characters of what did not change are shown on either side of what did. */
const AROUND = 80;

/** What the server said of the asset that is open, and of which picture of it that was. */
const detail = { said: null, error: null, of: null, changes: '', change: '', keep: '' };

export function openDetail(id) {
  view.open = id;
  Object.assign(view, { left: null, right: null, cut: 50 });
  Object.assign(detail, { said: null, error: null, of: null, change: '', keep: '' });
  document.body.classList.add('has-detail');
  $('detail').scrollTop = 0;
  renderDetail();
  $('detail').querySelector('.close')?.focus({ preventScroll: true });
}

export function closeDetail() {
  const id = view.open;
  view.open = null;
  document.body.classList.remove('has-detail');
  renderDetail();
  cards.get(id)?.frame.focus({ preventScroll: true });
}

export function step(by) {
  const ids = now.order.filter(id => now.rows.has(id) && isShown(now.rows.get(id)));
  const next = ids[ids.indexOf(view.open) + by];
  if (next !== undefined) openDetail(next);
}

/** Asks again whenever the asset is another one than the one that was asked about. */
async function ask(row) {
  const of = JSON.stringify(row);
  if (detail.of === of) return;
  detail.of = of;
  const answer = await call(`asset?id=${encodeURIComponent(row.id)}`);
  if (detail.of !== of || view.open !== row.id) return;
  detail.said = answer.error ? detail.said : answer;
  detail.error = answer.error ?? null;
  renderDetail();
}

/** The pictures of an asset that can be laid over one another. */
function sources(row) {
  const found = [];
  const add = (name, digest) => {
    if (digest && !found.some(other => other.digest === digest)) found.push({ name, digest });
  };
  // One that is both is named after what it is worth.
  if (row.state === 'fresh') add(t().sources.real, row.real);
  add(t().sources.draft, row.draft);
  add(t().sources.real, row.real);
  add(t().sources.draftBefore, row.before.draft);
  add(t().sources.realBefore, row.before.real);
  for (const [n, paid] of (detail.said?.history ?? []).entries()) {
    paid.pictures.forEach((digest, k) => add(`${paid.day} #${n + 1}${paid.pictures.length > 1 ? `.${k + 1}` : ''}`, digest));
  }
  return found;
}

function compare(row) {
  const found = sources(row);
  if (!isPicture(row) || found.length === 0) {
    const digest = shownOf(row);
    return h('p', { class: 'note' }, digest
      ? h('a', { href: urlOf(digest), target: '_blank', rel: 'noopener' }, t().open) : t().none);
  }
  const pick = (digest, otherwise) => found.find(source => source.digest === digest) ?? otherwise;
  const right = pick(view.right, pick(shownOf(row), found[0]));
  const left = pick(view.left, found.find(source => source !== right) ?? right);
  const image = (source, className) => h('img', { class: className, src: urlOf(source.digest), alt: source.name, 'data-digest': source.digest });
  const frame = h('div', { class: 'compare' });
  if (left === right) {
    frame.append(image(right, 'under'));
    return h('div', { class: 'pictures' }, frame, h('p', { class: 'note choices' }, right.name));
  }
  const pair = h('div', { class: 'pair' }, image(left, 'under'), image(right, 'over'));
  const cut = value => { view.cut = value; pair.style.setProperty('--cut', `${value}%`); };
  cut(view.cut);
  pair.append(h('input', {
    type: 'range', min: '0', max: '100', step: '0.5', value: String(view.cut),
    'aria-label': `${left.name} | ${right.name}`, oninput: event => cut(Number(event.target.value)),
  }));
  frame.append(pair);
  const choose = (side, chosen) => h('select', { 'data-side': side, onchange: event => { view[side] = event.target.value; renderDetail(); } },
    found.map(source => h('option', { value: source.digest, selected: source === chosen }, source.name)));
  return h('div', { class: 'pictures' }, frame, h('div', { class: 'choices' }, choose('left', left), choose('right', right)));
}

function facts(row) {
  const rows = [[t().output, row.output], [t().size, `${row.width}×${row.height} ${row.format}`], [t().target, row.target], [t().model, row.model]];
  if (row.reason) rows.push([t().reason, reasonOf(row)]);
  const said = detail.said;
  if (said && said.shots.length > 1) {
    rows.push([t().shots, said.shots.map((shot, n) => `${n + 1}. ${shot.operation} ${shot.model} ${shot.width}×${shot.height} ${shot.quality ?? ''}`).join('\n')]);
  }
  const references = said?.shots.flatMap(shot => shot.references) ?? [];
  if (references.length > 0) rows.push([t().references, references.join('\n')]);
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)]));
}

function makeButton(row) {
  if (!row.to_do) return null;
  const making = isMaking(row.id);
  const verb = row.state === 'draft' ? t().make : t().restore;
  return h('div', { class: 'act' },
    h('button', { type: 'button', class: 'primary make', disabled: making, onclick: () => make(row) },
      making ? t().busy : `${verb} · ${priceOf(row)}`),
    row.requests > 0 ? h('span', { class: 'note' }, t().requests(row.requests)) : null);
}

function block(title, ...children) {
  return h('section', null, h('h3', null, title), ...children);
}

function prompts(said) {
  if (said.prompt) return block(t().promptIf, ...copied(said.prompt));
  const told = said.shots.map((shot, n) => ({ n, text: shot.prompt })).filter(shot => shot.text);
  if (told.length === 0) return null;
  return block(t().prompt, told.flatMap(({ n, text }) => [
    told.length > 1 ? h('h4', null, n === 0 ? t().shot(1) : `${t().edit} ${n}`) : null, ...copied(text)]));
}

/** A prompt, and a button that copies it; where a browser lets nobody do that, it is marked, to be copied by hand. */
function copied(text) {
  const prompt = h('pre', { class: 'prompt' }, text);
  const button = h('button', {
    type: 'button', class: 'quiet copy', onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = t().copied;
      } catch {
        getSelection().selectAllChildren(prompt);
      }
    },
  }, t().copy);
  return [prompt, button];
}

function changes(row, said) {
  if (said.changes.length === 0) {
    const never = row.state === 'draft' || ((row.state === 'blocked' || row.state === 'manual') && !row.real);
    return block(t().changed, h('p', { class: 'note' }, said.forgotten ? t().forgotten : never ? t().never : t().unchanged));
  }
  const tags = { old: 'del', new: 'ins' };
  return block(t().changed, said.forgotten ? h('p', { class: 'note' }, t().forgotten) : null,
    said.changes.flatMap(change => [h('h4', null, change.name), h('pre', { class: 'diff', 'data-change': change.name },
      change.parts.map((part, n) => part.is in tags ? h(tags[part.is], null, part.text) : around(part.text, n > 0, n < change.parts.length - 1)))]));
}

/** What stands beside a change; of a long text that is the same, only that. */
function around(text, before, after) {
  const letters = [...text.replace(/\n(?:[ \t]*\n)+/g, '\n')];
  if (letters.length < 3 * AROUND) return letters.join('');
  const end = before ? letters.slice(0, AROUND).join('') : '';
  const begin = after ? letters.slice(-AROUND).join('') : '';
  return `${end} … ${begin}`;
}

function candidates(row, said) {
  return said.shots.map((shot, n) => {
    if (shot.candidates.length < 2) return null;
    const title = said.shots.length > 1 ? `${t().candidates}, ${t().shot(n + 1)}` : t().candidates;
    return block(title, h('div', { class: 'candidates' }, shot.candidates.map((digest, k) => h('button', {
      type: 'button', 'data-candidate': String(k + 1), 'aria-pressed': String(shot.pick === k + 1), title: shot.pick === k + 1 ? t().picked : t().another,
      onclick: () => shot.pick === k + 1 || order('pick', { id: row.id, number: k + 1, shot: n + 1 }),
    }, h('img', { src: urlOf(digest), alt: '', loading: 'lazy' }), h('span', null, String(k + 1))))), h('p', { class: 'note' }, t().pickHint));
  });
}

function editBox(row, said) {
  if (row.bundle) return null;
  if (said.shots.every(shot => shot.prompt === null)) return block(t().editTitle, h('p', { class: 'note' }, t().drawn));
  const change = h('textarea', { name: 'change', placeholder: t().editWhat, 'aria-label': t().editWhat, oninput: event => { detail.change = event.target.value; } });
  change.value = detail.change;
  const keep = h('input', { name: 'keep', placeholder: t().editKeep, 'aria-label': t().editKeep, oninput: event => { detail.keep = event.target.value; } });
  keep.value = detail.keep;
  const form = h('form', {
    class: 'edit', onsubmit: async event => {
      event.preventDefault();
      if (!detail.change.trim()) return change.focus();
      if (await order('edit', { id: row.id, change: detail.change, keep: detail.keep || null })) {
        Object.assign(detail, { change: '', keep: '' });
        renderDetail();
      }
    },
  }, change, keep, h('div', { class: 'act' }, h('button', { type: 'submit', class: 'quiet append' }, t().append)));
  return block(t().editTitle, form);
}

let shownDetail = null;

export function renderDetail() {
  const aside = $('detail');
  const row = view.open === null ? null : now.rows.get(view.open);
  aside.hidden = !row;
  if (!row) {
    aside.replaceChildren();
    shownDetail = null;
    if (view.open !== null) closeDetail();
    return;
  }
  ask(row);
  // Built anew only if it would say something else: who writes or drags keeps the cursor.
  const says = JSON.stringify([row, view.open, view.left, view.right, view.language, detail.said, detail.error, isMaking(row.id), detail.change === '']);
  if (says === shownDetail) return;
  shownDetail = says;
  const focused = aside.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && { name: focused.name || focused.className, at: [focused.selectionStart, focused.selectionEnd] };
  const top = aside.scrollTop;
  const said = detail.said;
  const state = stateOf(row);
  aside.replaceChildren(
    h('div', { class: 'bar', 'data-state': state },
      h('h2', null, row.id), h('span', { class: 'state' }, t()[state]),
      h('button', { type: 'button', class: 'quiet', 'aria-label': t().previous, onclick: () => step(-1) }, '←'),
      h('button', { type: 'button', class: 'quiet', 'aria-label': t().next, onclick: () => step(1) }, '→'),
      h('button', { type: 'button', class: 'quiet close', onclick: closeDetail }, t().close)),
    h('div', { class: 'body' },
      h('div', { class: 'left' }, compare(row)),
      h('div', { class: 'right' },
        row.failed ? h('pre', { class: 'told' }, row.failed) : null,
        detail.error ? h('pre', { class: 'told' }, detail.error) : null,
        makeButton(row), facts(row), said && changes(row, said), said && candidates(row, said), said && editBox(row, said),
        said && said.words.length > 0 ? block(t().words, h('dl', { class: 'facts' }, said.words.flatMap(([role, words]) => [h('dt', null, role), h('dd', null, words)]))) : null,
        said && prompts(said))));
  aside.scrollTop = top;
  if (mark) {
    const again = [...aside.querySelectorAll('textarea, input, select, button')].find(one => (one.name || one.className) === mark.name);
    again?.focus({ preventScroll: true });
    if (again && mark.at[0] !== null && mark.at[0] !== undefined && again.type !== 'range') again.setSelectionRange(...mark.at);
  }
}
