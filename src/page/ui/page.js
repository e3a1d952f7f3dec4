// The live page: shows what the server tells, and asks it for what a person wants. Text is only ever set as
// text. Nothing is kept but the language and the theme.
'use strict';

const WORDS = {
  en: {
    language: '中文', theme: { auto: 'Auto', light: 'Light', dark: 'Dark' }, search: 'Search',
    all: 'all', fresh: 'fresh', draft: 'draft', stale: 'stale', failed: 'failed', blocked: 'blocked',
    today: 'today', month: 'this month', of: 'of', slides: n => `${n} slides`, empty: 'Nothing to show here.',
    loading: 'Looking at the project…', lost: 'Not connected: is `gpbuild watch` running?', none: 'not drawn yet',
    make: 'Make', restore: 'Make again', free: 'free', unknown: 'price unknown', upTo: 'up to ', requests: n => n === 1 ? '1 request' : `${n} requests`,
    busy: 'Being made…', close: 'Close', cancel: 'Cancel', previous: 'Previous', next: 'Next', open: 'Open the file',
    sources: { draft: 'draft', real: 'picture', draftBefore: 'draft before', realBefore: 'picture before' }, real: 'picture in', only: 'only',
    output: 'Output', size: 'Size', model: 'Model', target: 'Target', reason: 'Why', shots: 'Shots', references: 'References',
    words: 'Words', prompt: 'Final prompt', promptIf: 'Final prompt (if a model drew it)', edit: 'edit', changed: 'Changed since it was made',
    unchanged: 'Nothing changed since it was made.', forgotten: 'Its inputs changed; what they were is not in the store of this machine.',
    never: 'It was never made: there is nothing to compare with.',
    candidates: 'Candidates', pickHint: 'Click the one to keep. That is free.', shot: n => `shot ${n}`, picked: 'kept', another: 'click to keep',
    editTitle: 'Ask for a change', editWhat: 'What is to be different? It is appended to the manifest as an edit step.', editKeep: 'What is to stay (everything else)',
    append: 'Append the step', drawn: 'Drawn here: change its text or its layout in the manifest.', confirmTitle: 'This is paid for.', confirmMake: price => `Make it for ${price}`,
    confirmUnknown: 'Nobody knows its price.', agree: 'Make it all the same', history: 'Paid for before',
    jobs: { make: 'Making', pick: 'Choosing', edit: 'Appending a step to' }, done: { make: 'Made', pick: 'Chosen', edit: 'Step appended to' },
    waiting: 'waits', not: { make: 'Not made', pick: 'Not chosen', edit: 'No step appended to' }, dismiss: 'Dismiss', changes: 'the words changed',
  },
  zh: {
    language: 'English', theme: { auto: '自动', light: '浅色', dark: '深色' }, search: '搜索',
    all: '全部', fresh: '最新', draft: '草稿', stale: '已过期', failed: '失败', blocked: '受阻',
    today: '今天', month: '本月', of: '/', slides: n => `${n} 页`, empty: '这里没有图片。',
    loading: '正在查看项目…', lost: '连接已断开：`gpbuild watch` 还在运行吗？', none: '还没有画出来',
    make: '制作', restore: '重新制作', free: '免费', unknown: '价格未知', upTo: '最多 ', requests: n => `${n} 个请求`,
    busy: '正在制作…', close: '关闭', cancel: '取消', previous: '上一张', next: '下一张', open: '打开文件',
    sources: { draft: '草稿', real: '成图', draftBefore: '上一版草稿', realBefore: '上一版成图' }, real: '成图', only: '仅',
    output: '输出', size: '尺寸', model: '模型', target: '用途', reason: '原因', shots: '步骤', references: '参考图',
    words: '文字', prompt: '最终提示词', promptIf: '最终提示词（若交给模型）', edit: '修改', changed: '制作之后的改动',
    unchanged: '制作之后没有改动。', forgotten: '输入已改变；原来的内容不在本机的缓存里。',
    never: '还没有制作过，没有可比较的内容。',
    candidates: '候选图', pickHint: '点一下就选中，不收费。', shot: n => `第 ${n} 步`, picked: '已选', another: '点击选用',
    editTitle: '提出修改', editWhat: '想改哪里？会作为一个修改步骤写进清单文件。', editKeep: '哪些保持不变（默认：其余全部）',
    append: '写入修改步骤', drawn: '这张图由本机绘制：请直接在清单里改文字或版式。', confirmTitle: '这一步要付费。', confirmMake: price => `花 ${price} 制作`,
    confirmUnknown: '价格未知。', agree: '仍然制作', history: '以前付费的图',
    jobs: { make: '正在制作', pick: '正在选用', edit: '正在写入修改' }, done: { make: '已制作', pick: '已选用', edit: '已写入修改' },
    waiting: '排队中', not: { make: '没有制作', pick: '没有选用', edit: '没有写入' }, dismiss: '关闭', changes: '文字已改',
  },
};
const STATES = ['fresh', 'draft', 'stale', 'failed', 'blocked'];
const THEMES = ['auto', 'light', 'dark'];
/** So many characters of what did not change are shown on either side of what did. */
const AROUND = 80;

const $ = id => document.getElementById(id);

/** An element with attributes (`on…` are listeners) and children; strings become text. */
function h(tag, attributes, ...children) {
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

// ---- What is known -------------------------------------------------------------------------------------

const now = {
  about: { project: '', drafts: true }, ready: false, rows: new Map(), order: [], problems: [], money: null,
  progress: {}, jobs: new Map(), ended: [], lost: false,
};
const view = { language: 'en', theme: 'auto', state: 'all', search: '', open: null, left: null, right: null, cut: 50 };
const t = () => WORDS[view.language];

const stateOf = row => (row.failed ? 'failed' : row.state);
const shownOf = row => (row.state === 'fresh' || !row.draft ? row.real ?? row.draft : row.draft);
const urlOf = digest => `picture/${digest}`;
const isPicture = row => row.format !== 'pdf';

function dollars(micro) {
  if (micro === 0) return '$0.000';
  if (micro < 1000) return `$${(micro / 1e6).toFixed(6).replace(/0+$/, '')}`;
  return `$${(micro / 1e6).toFixed(3)}`;
}

function priceOf(row) {
  if (row.requests === 0) return t().free;
  if (row.price === null) return t().unknown;
  return `${row.up_to ? t().upTo : ''}${dollars(row.price)}`;
}

/** What the program says in English, as far as there is a fixed word for it. */
function reasonOf(row) {
  if (!row.reason || view.language === 'en') return row.reason;
  const fixed = {
    'never made': '从未制作', 'output is missing': '输出文件不见了', 'export changed': '导出方式已改',
    'its inputs changed': '输入已改变', 'pinned and stale': '已固定（内容已过期）',
  };
  const changed = /^(.+) changed$/.exec(row.reason);
  return fixed[row.reason] ?? (changed ? `已改：${changed[1]}` : row.reason);
}

// ---- The gallery ---------------------------------------------------------------------------------------

const cards = new Map();

/** A picture that is swapped once the new one is decoded, so that nothing flickers. */
function setPicture(img, digest) {
  if (img.dataset.digest === digest) return;
  img.dataset.digest = digest;
  if (!img.getAttribute('src')) {
    img.src = urlOf(digest);
    return;
  }
  const next = new Image();
  next.src = urlOf(digest);
  next.decode().catch(() => {}).then(() => {
    if (img.dataset.digest === digest) img.src = next.src;
  });
}

function makeCard(id) {
  const img = h('img', { loading: 'lazy', decoding: 'async', alt: '' });
  const none = h('span', { class: 'none' });
  const parts = {
    img, none,
    frame: h('button', { type: 'button', class: 'frame', onclick: () => openDetail(id) }, img, none),
    name: h('span', { class: 'name' }), state: h('span', { class: 'state' }),
    small: h('p', { class: 'small path' }), price: h('p', { class: 'small' }), message: h('p', { class: 'message' }),
  };
  const card = h('article', { class: 'card', 'data-id': id },
    parts.frame, h('div', { class: 'line' }, parts.name, parts.state), parts.message, parts.small, parts.price);
  return { card, ...parts };
}

function fillCard(row) {
  let parts = cards.get(row.id);
  if (!parts) cards.set(row.id, (parts = makeCard(row.id)));
  const state = stateOf(row);
  const digest = shownOf(row);
  const name = row.carousel ? row.id.slice(row.carousel.length + 1) : row.id;
  parts.card.dataset.state = state;
  parts.frame.style.setProperty('aspect-ratio', `${row.width} / ${row.height}`);
  parts.frame.setAttribute('aria-label', row.id);
  parts.img.hidden = !digest || !isPicture(row);
  parts.none.hidden = !parts.img.hidden;
  parts.none.textContent = digest ? row.format.toUpperCase() : t().none;
  if (!parts.img.hidden) setPicture(parts.img, digest);
  parts.name.replaceChildren(...breakable(name));
  parts.state.textContent = t()[state];
  parts.message.hidden = !row.failed && state !== 'blocked';
  parts.message.textContent = row.failed ?? reasonOf(row) ?? '';
  parts.small.textContent = row.output;
  const facts = [`${row.width}×${row.height}`, row.format];
  if (row.candidates > 1) facts.push(`${t().candidates} ${row.pick}/${row.candidates}`);
  if (row.to_do && row.requests > 0) facts.push(priceOf(row));
  parts.price.textContent = facts.join(' · ');
  parts.card.classList.toggle('working', isWorking(row.id));
  return parts.card;
}

/** May break after a slash. */
const breakable = text => text.split(/(?<=\/)/).flatMap((part, n) => (n === 0 ? [part] : [h('wbr'), part]));

const isWorking = id => Object.values(now.progress).some(run => id in run.running);
const isMaking = id => [...now.jobs.values()].some(job => job.action === 'make' && job.id === id);

function isShown(row) {
  const words = view.search.trim().toLowerCase();
  const found = !words || `${row.id} ${row.output} ${row.manifest}`.toLowerCase().includes(words);
  return found && (view.state === 'all' || stateOf(row) === view.state);
}

/** The sections in order: manifest, then what stands in it: single assets as a grid, a carousel as a strip. */
function sections() {
  const found = [];
  for (const id of now.order) {
    const row = now.rows.get(id);
    if (!row || !isShown(row)) continue;
    let manifest = found.at(-1);
    if (manifest?.name !== row.manifest) found.push((manifest = { name: row.manifest, singles: [], carousels: new Map() }));
    // What is made of a carousel's slides stands with the single pictures: it is no slide.
    if (row.carousel === null || row.bundle) manifest.singles.push(row);
    else if (manifest.carousels.has(row.carousel)) manifest.carousels.get(row.carousel).push(row);
    else manifest.carousels.set(row.carousel, [row]);
  }
  return found;
}

/** Puts these children there, and leaves alone what is right already: what moves loses its scroll. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, n) => {
    if (parent.children[n] !== child) parent.insertBefore(child, parent.children[n] ?? null);
  });
}

const boxes = new Map();

function box(key, make) {
  if (!boxes.has(key)) boxes.set(key, make());
  return boxes.get(key);
}

function renderGallery() {
  const shown = [];
  for (const { name, singles, carousels } of sections()) {
    const section = box(`manifest ${name}`, () => h('section', { class: 'manifest' }, h('h2', { class: 'path' }, name)));
    const inside = [section.firstElementChild];
    if (singles.length > 0) {
      const grid = box(`grid ${name}`, () => h('div', { class: 'grid' }));
      arrange(grid, singles.map(fillCard));
      inside.push(grid);
    }
    for (const [carousel, rows] of carousels) {
      const strip = box(`carousel ${carousel}`, () => h('div', { class: 'carousel' },
        h('h3', null, carousel, h('small')), h('div', { class: 'strip', tabindex: '0', 'aria-label': carousel })));
      strip.querySelector('small').textContent = t().slides(rows.length);
      arrange(strip.lastElementChild, rows.map(fillCard));
      inside.push(strip);
    }
    arrange(section, inside);
    shown.push(section);
  }
  if (shown.length === 0) {
    const empty = box('empty', () => h('p', { class: 'empty' }));
    empty.textContent = now.ready ? t().empty : t().loading;
    shown.push(empty);
  }
  arrange($('gallery'), shown);
  for (const id of [...cards.keys()]) if (!now.rows.has(id)) cards.delete(id);
}

// ---- The frame around it -------------------------------------------------------------------------------

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

function renderJobs() {
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

function render() {
  renderTop();
  renderProgress();
  renderProblems();
  renderFilter();
  renderGallery();
  renderJobs();
  renderDetail();
}

// ---- One asset -----------------------------------------------------------------------------------------

/** What the server said of the asset that is open, and of which picture of it that was. */
const detail = { said: null, error: null, of: null, changes: '', change: '', keep: '' };

function openDetail(id) {
  view.open = id;
  Object.assign(view, { left: null, right: null, cut: 50 });
  Object.assign(detail, { said: null, error: null, of: null, change: '', keep: '' });
  document.body.classList.add('has-detail');
  $('detail').scrollTop = 0;
  renderDetail();
  $('detail').querySelector('.close')?.focus({ preventScroll: true });
}

function closeDetail() {
  const id = view.open;
  view.open = null;
  document.body.classList.remove('has-detail');
  renderDetail();
  cards.get(id)?.frame.focus({ preventScroll: true });
}

function step(by) {
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
  if (said.prompt) return block(t().promptIf, h('pre', { class: 'prompt' }, said.prompt));
  const told = said.shots.map((shot, n) => ({ n, text: shot.prompt })).filter(shot => shot.text);
  if (told.length === 0) return null;
  return block(t().prompt, told.flatMap(({ n, text }) => [
    told.length > 1 ? h('h4', null, n === 0 ? t().shot(1) : `${t().edit} ${n}`) : null, h('pre', { class: 'prompt' }, text)]));
}

function changes(row, said) {
  if (said.changes.length === 0) {
    const never = row.state === 'draft' || (row.state === 'blocked' && !row.real);
    return block(t().changed, h('p', { class: 'note' }, said.forgotten ? t().forgotten : never ? t().never : t().unchanged));
  }
  const tags = { old: 'del', new: 'ins' };
  return block(t().changed, said.forgotten ? h('p', { class: 'note' }, t().forgotten) : null,
    said.changes.flatMap(change => [h('h4', null, change.name), h('pre', { class: 'diff', 'data-change': change.name },
      change.parts.map((part, n) => part.is in tags ? h(tags[part.is], null, part.text) : around(part.text, n > 0, n < change.parts.length - 1)))]));
}

/** What stands beside a change; of a long text that is the same, only that. */
function around(text, before, after) {
  const letters = [...text];
  if (letters.length < 3 * AROUND) return text;
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

function renderDetail() {
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

// ---- What is asked for ---------------------------------------------------------------------------------

/** The server's answer; what went wrong is in its `error`. */
async function call(path, body) {
  try {
    const answer = await fetch(path, body === undefined ? {} : {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const text = await answer.text();
    try { return JSON.parse(text); } catch { return { error: text || String(answer.status) }; }
  } catch (error) {
    return { error: String(error) };
  }
}

async function order(action, body) {
  const answer = await call(action, body);
  if (answer.error) {
    now.ended = [...now.ended, { action, id: body.id, stage: 'failed', told: [answer.error] }];
    renderJobs();
  }
  return !answer.error;
}

/** Makes the picture at the price that the button says; the server says whether somebody has to be asked. */
async function make(row, confirmed = false, price = row.price) {
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

function listen() {
  const events = new EventSource('events');
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
