// What stands around the list: project, progress and money; what is wrong, which stays until it is mended; the chips and
// the search. Knows nothing of cards and panel.

import { setState, writeAddress } from './address.js';
import { isShown, lookFor } from './filter.js';
import { remember, remembered } from './kept.js';
import { make } from './orders.js';
import { saveReviews } from './review.js';
import { selectNone } from './select.js';
import { $, CHIPS, changed, chipsOf, clock, dollars, draws, h, isLive, now, span, stateOf, t, view } from './state.js';

/** So many errors are read at once: the list is below them. */
const MAX_TOLD = 4;

const textOf = problem => problem.text ?? problem;
const errors = () => now.problems.filter(problem => problem.level !== 'warning');
const failedRows = () => [...now.rows.values()].filter(row => stateOf(row) === 'failed');

// ---- Project, progress, money ----------------------------------------------------------------------------------

function drawTop() {
  document.documentElement.lang = view.language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.dataset.theme =
    view.theme === 'auto' ? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light') : view.theme;
  $('project').textContent = now.about.project || 'gpbuild';
  $('language').textContent = t().language;
  $('theme').textContent = t().theme[view.theme];
  $('help').setAttribute('aria-label', t().help.title);
  $('gallery').setAttribute('aria-label', t().pictureList);
  for (const [id, label] of [['empty', t().pictureList], ['banner', t().clone], ['problems', t().wrong], ['selection', t().select], ['filter', t().chips]]) $(id).setAttribute('aria-label', label);
  $('filter').hidden = now.rows.size === 0;
  $('search').placeholder = t().search;
  $('search').setAttribute('aria-label', t().search);
  if ($('search') !== document.activeElement && $('search').value !== view.search) $('search').value = view.search;
  $('save-review').hidden = $('reviewer').hidden = isLive();
  $('reviewer').placeholder = t().yourName;
  $('reviewer').setAttribute('aria-label', t().yourName);
  $('select').hidden = !isLive();
  $('save-review').textContent = t().saveReview;
}

function drawMoney() {
  const { money } = now;
  $('money').hidden = !money;
  if (!money) return;
  const { today, month, month_budget: budget } = money;
  const share = budget ? Math.min(1, month / budget) : null;
  const bar = share === null ? null : h('span', { class: `budget${share > 0.9 ? ' tight' : ''}` }, h('i'));
  bar?.style.setProperty('--share', String(share));
  $('money').disabled = !isLive();
  $('money').replaceChildren(...[h('span', null, `${t().today} `, h('b', null, dollars(today))),
    h('span', null, `${t().month} `, h('b', null, dollars(month)), budget === null ? null : ` ${t().of} ${dollars(budget)}`), bar].filter(Boolean));
}

/** A run that waits for its turn says until when. */
function waitsUntil() {
  const times = [...now.rows.values()].map(row => row.making?.resume_at).filter(Boolean);
  return times.length > 0 ? Math.min(...times) : null;
}

function drawProgress() {
  const line = $('progress');
  const runs = Object.values(now.progress).filter(run => run.total > 0);
  const total = runs.reduce((sum, run) => sum + run.total, 0);
  const done = runs.reduce((sum, run) => sum + run.done, 0);
  line.className = now.lost ? 'lost' : runs.length > 0 ? 'busy' : '';
  line.style.setProperty('--share', total > 0 ? String(done / total) : '0');
  drawTitle(done, total);
  if (now.lost) return line.replaceChildren(t().lost);
  if (runs.length === 0) return line.replaceChildren();
  const left = Math.max(...runs.map(run => run.left_ms ?? 0)) - (Date.now() - now.heard);
  const names = runs.flatMap(run => Object.keys(run.running));
  const until = waitsUntil();
  const how = until ? t().rateLimit(clock(until)) : left > 0 ? t().left(span(left)) : '';
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` +${names.length - 3}` : '');
  if (line.children.length !== 3) line.replaceChildren(h('b', { class: 'figure' }), h('span', { class: 'figure', 'aria-live': 'off' }), h('span', { class: 'names' }));
  // Only what is otherwise: who has it read aloud does not hear every second.
  [`${done}/${total}`, how, shown].forEach((text, n) => { if (line.children[n].textContent !== text) line.children[n].textContent = text; });
}

function drawTitle(done, total) {
  const wrong = errors().length + failedRows().length;
  const name = now.about.project ? `${now.about.project} – gpbuild` : 'gpbuild';
  const marks = [wrong > 0 ? `✕ ${wrong}` : null, total > 0 && !now.lost ? `${done}/${total}` : null].filter(Boolean);
  document.title = marks.length > 0 ? `(${marks.join(' · ')}) ${name}` : name;
}

// ---- What is wrong ---------------------------------------------------------------------------------------------

/** The error itself, and where: `error: …` and the place that the text names, if any. */
function headOf(problem) {
  const lines = textOf(problem).split('\n').filter(line => line.trim());
  const place = problem.file ? `${problem.file}${problem.line ? `:${problem.line}` : ''}` : null;
  return [lines[0]?.replace(/^error(\[.*?\])?:\s*/, ''), place].filter(Boolean).join(' – ');
}

/** A bar that stays in sight for as long as something is wrong. */
function drawAlarm() {
  const alarm = $('alarm');
  const wrong = errors();
  const failed = failedRows();
  const count = wrong.length + failed.length;
  alarm.hidden = count === 0;
  document.body.classList.toggle('has-alarm', count > 0);
  const says = JSON.stringify([view.language, wrong.map(headOf), failed.map(row => [row.id, row.failed ?? row.error])]);
  if (alarm.dataset.says === says) return;
  alarm.dataset.says = says;
  if (count === 0) return alarm.replaceChildren();
  const first = wrong.length > 0 ? headOf(wrong[0]) : `${failed[0].id}: ${(failed[0].error ?? failed[0].failed).split('\n')[0].replace(/^error(\[.*?\])?:\s*/, '')}`;
  alarm.replaceChildren(...[h('b', null, t().errors(count)), h('span', { class: 'first' }, first),
    wrong.length > 0 ? h('button', { type: 'button', onclick: () => { scrollTo({ top: 0 }); } }, t().readThem) : null,
    failed.length > 0 ? h('button', { type: 'button', onclick: () => setState('failed') }, t().showFailed(failed.length)) : null].filter(Boolean));
}

function drawProblems() {
  drawAlarm();
  const says = JSON.stringify([view.language, now.problems]);
  if ($('problems').dataset.says === says) return;
  $('problems').dataset.says = says;
  const told = now.problems.map(problem => h('pre', {
    tabindex: '0', role: 'group', 'aria-label': headOf(problem), class: problem.level === 'warning' ? 'warning' : '',
  }, textOf(problem)));
  const rest = told.splice(MAX_TOLD);
  if (rest.length > 0) told.push(h('details', null, h('summary', null, t().errors(rest.length)), rest));
  $('problems').replaceChildren(...told);
}

/** A clone whose pictures are not there: what can be put back for nothing, and what the rest costs. */
function drawBanner() {
  const fresh = now.fresh_clone;
  $('banner').hidden = !fresh || !isLive();
  if (!fresh || !isLive()) return $('banner').replaceChildren();
  const rest = [...now.rows.values()].filter(row => row.to_do && row.state === 'stale' && row.requests > 0).map(row => row.id);
  $('banner').replaceChildren(...[h('p', null, t().freshClone(fresh)),
    fresh.restore > 0 ? h('button', { type: 'button', class: 'primary put-back', onclick: () => make(fresh.ids, 0) }, t().putBack(fresh.restore)) : null,
    fresh.make > 0 && rest.length > 0 ? h('button', { type: 'button', class: 'quiet', onclick: () => make(rest, fresh.price) },
      t().makeRest(fresh.make, fresh.price === null ? t().unknown : dollars(fresh.price))) : null].filter(Boolean));
}

// ---- Chips and search ------------------------------------------------------------------------------------------

function drawChips() {
  const counts = { all: now.rows.size };
  for (const row of now.rows.values()) for (const chip of chipsOf(row)) counts[chip] = (counts[chip] ?? 0) + 1;
  const offered = ['all', ...CHIPS].filter(chip => chip === 'all' || counts[chip] > 0 || view.state === chip);
  const focused = document.activeElement?.dataset?.chip;
  $('states').setAttribute('aria-label', t().chips);
  $('states').replaceChildren(...offered.map(chip => h('button', {
    type: 'button', 'data-chip': chip, 'data-state': chip, 'aria-pressed': String(view.state === chip), onclick: () => setState(chip),
  }, t()[chip], h('span', null, String(counts[chip] ?? 0)))));
  if (focused) $('states').querySelector(`[data-chip="${focused}"]`)?.focus({ preventScroll: true });
  $('select').textContent = t().select;
  $('select').setAttribute('aria-pressed', String(view.selecting));
  const shown = view.search.trim() ? [...now.rows.values()].filter(isShown).length : null;
  $('count').textContent = shown === null ? '' : t().shownOf(shown, now.rows.size);
}

export function beginFrame() {
  $('search').addEventListener('input', event => {
    lookFor(event.target.value);
    writeAddress(false);
  });
  $('select').addEventListener('click', () => {
    if (view.selecting) return selectNone();
    view.selecting = true;
    changed('view', 'selection');
  });
  $('save-review').addEventListener('click', saveReviews);
  $('reviewer').value = remembered('name') ?? '';
  $('reviewer').addEventListener('input', event => remember('name', event.target.value));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => changed('language'));
  draws(['language', 'view', 'rows'], drawTop);
  draws(['money', 'language'], drawMoney);
  draws(['progress', 'clock', 'rows', 'problems', 'language'], drawProgress);
  draws(['problems', 'rows', 'language'], drawProblems);
  draws(['problems', 'rows', 'language'], drawBanner);
  draws(['rows', 'view', 'reviews', 'language', 'selection'], drawChips);
}
