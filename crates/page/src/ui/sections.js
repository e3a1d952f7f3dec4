// What there is to read of an asset: words, prompt, what changed, candidates, history and facts. Knows nothing of the
// panel that they stand in.

import { linkTo } from './address.js';
import { order } from './orders.js';
import { call } from './server.js';
import { backTo } from './sources.js';
import { clock, folder, h, isLive, money, now, reasonOf, t, thumbOf, urlOf } from './state.js';

/** So many characters of what did not change are shown on either side of what did. */
const AROUND = 80;

export function block(title, ...children) {
  return h('section', null, h('h3', null, title), ...children);
}

const region = (className, label, ...children) => h('pre', { class: className, tabindex: '0', role: 'group', 'aria-label': label }, ...children);

// ---- Copying ---------------------------------------------------------------------------------------------------

/** Copies a text; where a browser lets nobody do that, it is marked, to be copied by hand. */
async function copy(button, text, element) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t().copied;
    setTimeout(() => { button.textContent = label; }, 1500);
  } catch {
    if (element) getSelection().selectAllChildren(element);
    else prompt(label, text);
  }
}

function copied(text, label) {
  const shown = region('prompt', label, text);
  return [shown, h('button', { type: 'button', class: 'quiet copy', onclick: event => copy(event.currentTarget, text, shown) }, t().copy)];
}

// ---- What it says and what is asked for ------------------------------------------------------------------------

export function wordsBlock(said) {
  if (said.words.length === 0) return null;
  const text = said.words.map(([, words]) => words).join('\n');
  return block(t().words, h('dl', { class: 'facts' }, said.words.flatMap(([role, words]) => [h('dt', null, role), h('dd', null, words)])),
    h('button', { type: 'button', class: 'quiet', onclick: event => copy(event.currentTarget, text) }, t().copy));
}

export function promptBlock(said) {
  if (said.prompt) return block(t().promptIf, ...copied(said.prompt, t().promptIf));
  const told = said.shots.map((shot, n) => ({ n, text: shot.prompt })).filter(shot => shot.text);
  if (told.length === 0) return null;
  return block(t().prompt, told.flatMap(({ n, text }) => [
    told.length > 1 ? h('h4', null, n === 0 ? t().shot(1) : `${t().edit} ${n}`) : null, ...copied(text, t().prompt)]));
}

export function changesBlock(row, said) {
  if (said.changes.length === 0) {
    const never = row.state === 'draft' || (['blocked', 'manual', 'doubt', 'making'].includes(row.state) && !row.real);
    return block(t().changed, h('p', { class: 'note' }, said.forgotten ? t().forgotten : never ? t().never : t().unchanged));
  }
  const tags = { old: 'del', new: 'ins' };
  return block(t().changed, said.forgotten ? h('p', { class: 'note' }, t().forgotten) : null,
    said.changes.flatMap(change => [h('h4', null, change.name), h('pre', { class: 'diff', tabindex: '0', role: 'group', 'aria-label': change.name, 'data-change': change.name },
      change.parts.map((part, n) => (part.is in tags ? h(tags[part.is], null, part.text) : around(part.text, n > 0, n < change.parts.length - 1))))]));
}

/** What stands beside a change; of a long text that is the same, only that. */
function around(text, before, after) {
  const letters = [...text.replace(/\n(?:[ \t]*\n)+/g, '\n')];
  if (letters.length < 3 * AROUND) return letters.join('');
  const end = before ? letters.slice(0, AROUND).join('') : '';
  const start = after ? letters.slice(-AROUND).join('') : '';
  return `${end} … ${start}`;
}

// ---- What there is to choose from ------------------------------------------------------------------------------

/** Asks for candidate `number` of the last shot that has several. */
export function pickNumber(row, said, number) {
  const shot = said?.shots.findLastIndex(one => one.candidates.length > 1) ?? -1;
  if (shot < 0 || number > said.shots[shot].candidates.length || said.shots[shot].pick === number) return;
  order('pick', { id: row.id, number, shot: shot + 1 });
}

export function candidatesBlocks(row, said) {
  return said.shots.map((shot, n) => {
    if (shot.candidates.length < 2) return null;
    const title = said.shots.length > 1 ? `${t().candidates}, ${t().shot(n + 1)}` : t().candidates;
    return block(title, h('div', { class: 'candidates' }, shot.candidates.map((digest, k) => h('button', {
      type: 'button', 'data-candidate': String(k + 1), 'aria-pressed': String(shot.pick === k + 1), title: shot.pick === k + 1 ? t().picked : t().another,
      disabled: !isLive(), onclick: () => shot.pick === k + 1 || order('pick', { id: row.id, number: k + 1, shot: n + 1 }),
    }, h('img', { src: thumbOf(digest, 320), alt: `${t().candidate} ${k + 1}`, loading: 'lazy', onerror: event => { event.target.onerror = null; event.target.src = urlOf(digest); } }),
    h('span', null, String(k + 1))))), isLive() ? h('p', { class: 'note' }, t().pickHint) : null);
  });
}

export function historyBlock(row, said) {
  if (said.history.length === 0) return null;
  const item = paid => h('li', { 'data-paid': paid.key }, paid.pictures.map((digest, k) => h('figure', null,
    h('a', { href: urlOf(digest), target: '_blank', rel: 'noopener' }, h('img', { src: thumbOf(digest, 160), loading: 'lazy', alt: `${row.id}, ${paid.day}`, onerror: event => { event.target.onerror = null; event.target.src = urlOf(digest); } })),
    h('figcaption', null, backTo(row, paid, k + 1) && !(paid.current && paid.pictures.length === 1)
      ? h('button', { type: 'button', class: 'quiet back', onclick: backTo(row, paid, k + 1) }, t().goBack) : h('span', { class: 'soft' }, paid.current ? t().picked : '')))),
  h('div', { class: 'paid' }, h('p', null, h('b', null, paid.at ? clock(paid.at) : paid.day), ' · ', money(paid.cost)), h('p', { class: 'soft' }, paid.model),
    paid.prompt ? h('details', null, h('summary', null, t().prompt), ...copied(paid.prompt, t().prompt)) : null));
  return block(t().history, h('ul', { class: 'history' }, said.history.map(item)));
}

// ---- Facts, and what can be taken along ------------------------------------------------------------------------

async function openInEditor(id, place) {
  const answer = await call('open', { id });
  place.textContent = answer.error ?? t().opened;
}

function tools(row) {
  const said = h('p', { class: 'note', role: 'status' });
  const copies = (label, text) => h('button', { type: 'button', class: 'quiet', onclick: event => copy(event.currentTarget, text) }, label);
  const of = `download?id=${encodeURIComponent(row.id)}`;
  const file = folder() ? urlOf(row.real ?? row.draft) : row.real ? of : `${of}&picture=draft`;
  return [h('div', { class: 'act' },
    isLive() && now.about.open ? h('button', { type: 'button', class: 'quiet open-editor', onclick: () => openInEditor(row.id, said) }, t().openEditor) : null,
    copies(t().copyPath, row.output), copies(t().copyLink, linkTo(row.id)),
    row.real || row.draft ? h('a', { class: 'quiet', href: file, download: row.output.split('/').at(-1) }, t().download) : null,
    isLive() && row.carousel && row.real ? h('a', { class: 'quiet', href: `zip?carousel=${encodeURIComponent(row.carousel)}`, download: '' }, t().downloadCarousel) : null), said];
}

export function factsBlock(row, said) {
  const rows = [[t().output, row.output], [t().size, `${row.width}×${row.height} ${row.format}`], [t().target, row.target], [t().group, row.group], [t().model, row.model],
    [t().manifest, row.line ? `${row.manifest}:${row.line}` : row.manifest]];
  if (row.reason) rows.push([t().reason, reasonOf(row)]);
  if (said && said.shots.length > 1) {
    rows.push([t().shots, said.shots.map((shot, n) => `${n + 1}. ${shot.operation} ${shot.model} ${shot.width}×${shot.height} ${shot.quality ?? ''}`).join('\n')]);
  }
  const references = said?.shots.flatMap(shot => shot.references) ?? [];
  if (references.length > 0) rows.push([t().references, references.join('\n')]);
  return block(t().facts, h('dl', { class: 'facts' }, rows.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)])),
    ...tools(row));
}
