// What a person asks for, and what became of it.

import { $, dollars, h, now, t, view } from './state.js';

/** The server's answer; what went wrong is in its `error`. */
export async function call(path, body) {
  try {
    const asked = `${path}${path.includes('?') ? '&' : '?'}lang=${view.language}`;
    const answer = await fetch(asked, body === undefined ? {} : {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const text = await answer.text();
    try { return JSON.parse(text); } catch { return { error: text || String(answer.status) }; }
  } catch (error) {
    return { error: String(error) };
  }
}

export async function order(action, body) {
  const answer = await call(action, body);
  if (answer.error) {
    now.ended = [...now.ended, { action, id: body.id, stage: 'failed', told: [answer.error] }];
    renderJobs();
  }
  return !answer.error;
}

/** Makes the picture at the price that the button says; the server says whether somebody has to be asked. */
export async function make(row, confirmed = false, price = row.price) {
  const answer = await call('make', { id: row.id, price, confirmed });
  if (answer.confirm) {
    if (await confirm(row, answer)) await make(row, true, answer.price);
  } else if (answer.error) {
    now.ended = [...now.ended, { action: 'make', id: row.id, stage: 'failed', told: [answer.error] }];
    renderJobs();
  }
}

function confirm(row, { price }) {
  const dialog = $('confirm');
  return new Promise(resolve => {
    dialog.replaceChildren(
      h('p', null, t().confirmTitle), h('p', null, row.id),
      h('p', { class: 'big' }, price === null ? t().confirmUnknown : dollars(price)),
      h('div', { class: 'act' },
        h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close('no') }, t().cancel),
        h('button', { type: 'button', class: 'primary agree', onclick: () => dialog.close('yes') }, price === null ? t().agree : t().confirmMake(dollars(price)))));
    dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    dialog.returnValue = 'no';
    dialog.showModal();
  });
}

export function renderJobs() {
  const running = [...now.jobs.values()].map(job => jobBox(job, null));
  const ended = now.ended.map(job => jobBox(job, () => {
    now.ended = now.ended.filter(other => other !== job);
    renderJobs();
  }));
  $('jobs').replaceChildren(...ended, ...running);
}

function jobBox(job, dismiss) {
  const words = { waiting: t().jobs, running: t().jobs, done: t().done, failed: t().not }[job.stage][job.action];
  const state = { done: 'fresh', failed: 'failed' }[job.stage];
  return h('div', { class: 'job', 'data-state': state, 'data-job': job.action, 'data-stage': job.stage },
    h('div', { class: 'line' }, h('b', null, `${words} ${job.id}`), job.stage === 'waiting' ? t().waiting : null,
      dismiss && h('button', { type: 'button', 'aria-label': t().dismiss, onclick: dismiss }, '✕')),
    job.told.length > 0 ? h('pre', null, job.told.join('\n')) : null);
}
