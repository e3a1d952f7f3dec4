// The live page: shows what the server tells, and asks it for what a person wants. Text is only ever set as
// text. Nothing is kept but the language and the theme.

import { closeDetail, renderDetail, step } from './detail.js';
import { fillCard, renderGallery, setPicture } from './gallery.js';
import { renderJobs } from './orders.js';
import { $, STATES, THEMES, cards, dollars, h, isPicture, isWorking, now, stateOf, t, view } from './state.js';

// ---- The frame around the gallery ----------------------------------------------------------------------

function renderTop() {
  document.documentElement.lang = view.language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.dataset.theme =
    view.theme === 'auto' ? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light') : view.theme;
  document.title = now.about.project ? `${now.about.project} – gpbuild` : 'gpbuild';
  $('project').textContent = now.about.project || 'gpbuild';
  $('language').textContent = t().language;
  $('theme').textContent = t().theme[view.theme];
  $('search').placeholder = t().search;
  $('search').setAttribute('aria-label', t().search);
  const money = $('money');
  money.replaceChildren();
  if (now.money) {
    const { today, month, month_budget: budget } = now.money;
    money.append(`${t().today} `, h('b', null, dollars(today)), ` · ${t().month} `, h('b', null, dollars(month)));
    if (budget !== null) money.append(` ${t().of} ${dollars(budget)}`);
  }
}

function renderProgress() {
  const line = $('progress');
  line.className = now.lost ? 'lost' : '';
  if (now.lost) {
    line.textContent = t().lost;
    return;
  }
  const runs = Object.values(now.progress).filter(run => run.total > 0);
  const total = runs.reduce((sum, run) => sum + run.total, 0);
  const done = runs.reduce((sum, run) => sum + run.done, 0);
  const names = runs.flatMap(run => Object.entries(run.running).map(([id, what]) => `${id} ${what}`));
  line.textContent = runs.length > 0 ? `${done}/${total}  ${names.join(', ')}` : '';
  if (runs.length > 0) line.classList.add('busy');
}

function renderFilter() {
  const counts = { all: now.rows.size };
  for (const state of STATES) counts[state] = 0;
  for (const row of now.rows.values()) counts[stateOf(row)] += 1;
  const offered = ['all', ...STATES].filter(state => state === 'all' || counts[state] > 0 || view.state === state);
  $('states').replaceChildren(...offered.map(state => h('button', {
    type: 'button', 'aria-pressed': String(view.state === state),
    onclick: () => { view.state = state; render(); },
  }, t()[state], h('span', null, String(counts[state])))));
}

function renderProblems() {
  $('problems').replaceChildren(...now.problems.map(text => h('pre', null, text)));
}

function render() {
  renderTop();
  renderProgress();
  renderProblems();
  renderFilter();
  renderGallery();
  renderJobs();
  renderDetail();
}

// ---- What the server tells -----------------------------------------------------------------------------

const tells = {
  everything(message) {
    Object.assign(now, {
      about: message.about, ready: message.ready, problems: message.problems, money: message.money, progress: message.progress,
      rows: new Map(message.rows.map(row => [row.id, row])), order: message.rows.map(row => row.id),
      jobs: new Map(message.jobs.map(job => [job.number, job])), lost: false,
    });
    render();
  },
  rows({ rows, order }) {
    for (const row of rows) now.rows.set(row.id, row);
    if (order) {
      const kept = new Set(order);
      for (const id of [...now.rows.keys()]) if (!kept.has(id)) now.rows.delete(id);
      now.order = order;
    }
    renderFilter();
    renderGallery();
    renderDetail();
  },
  problems({ problems }) {
    Object.assign(now, { problems, ready: true });
    renderProblems();
    renderGallery();
  },
  money({ money }) {
    now.money = money;
    renderTop();
  },
  progress({ progress }) {
    now.progress = progress;
    renderProgress();
    for (const [id, { card }] of cards) card.classList.toggle('working', isWorking(id));
  },
  /** A picture is there before the plan was looked at again. */
  done({ id, picture, digest, failed }) {
    const row = now.rows.get(id);
    if (!row) return;
    row.failed = failed;
    if (digest && row[picture] !== digest) {
      row.before[picture] = row[picture];
      row[picture] = digest;
      // Something new to look at, whatever the plan will say of the real one.
      if (picture === 'draft' && row.state === 'fresh' && cards.has(id) && isPicture(row)) setPicture(cards.get(id).img, digest);
    }
    if (cards.has(id) && !(picture === 'draft' && row.state === 'fresh')) fillCard(row);
    renderFilter();
    if (view.open === id) renderDetail();
  },
  job({ job }) {
    now.jobs.delete(job.number);
    if (job.stage === 'waiting' || job.stage === 'running') now.jobs.set(job.number, job);
    else now.ended = [...now.ended, job].slice(-5);
    // What went well needs no answer.
    if (job.stage === 'done') setTimeout(() => { now.ended = now.ended.filter(other => other !== job); renderJobs(); }, 6000);
    renderJobs();
    renderDetail();
  },
};

let events = null;

/** In the language of the page: in another one everything is told anew. */
function listen() {
  events?.close();
  events = new EventSource(`events?lang=${view.language}`);
  events.onmessage = event => {
    const message = JSON.parse(event.data);
    tells[message.event]?.(message);
  };
  events.onopen = () => { now.lost = false; renderProgress(); };
  events.onerror = () => { now.lost = true; renderProgress(); };
}

// ---- What a person sets --------------------------------------------------------------------------------

/** Kept in the browser; a browser that keeps nothing starts anew each time. */
function remember(name, value) {
  try { localStorage.setItem(`gpbuild.${name}`, value); } catch { /* It is only convenient. */ }
}

function remembered(name, allowed, otherwise) {
  try {
    const value = localStorage.getItem(`gpbuild.${name}`);
    return allowed.includes(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

view.language = remembered('language', ['en', 'zh'], navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
view.theme = remembered('theme', THEMES, 'auto');
$('language').addEventListener('click', () => {
  view.language = view.language === 'en' ? 'zh' : 'en';
  remember('language', view.language);
  render();
  listen();
});
$('theme').addEventListener('click', () => {
  view.theme = THEMES[(THEMES.indexOf(view.theme) + 1) % THEMES.length];
  remember('theme', view.theme);
  renderTop();
});
$('search').addEventListener('input', event => { view.search = event.target.value; renderGallery(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', renderTop);
document.addEventListener('keydown', event => {
  const writing = event.target.matches('input, textarea, select');
  if (view.open === null || $('confirm').open) return;
  if (event.key === 'Escape') closeDetail();
  else if (!writing && event.key === 'ArrowLeft') step(-1);
  else if (!writing && event.key === 'ArrowRight') step(1);
});
render();
listen();
