// One picture of an asset, or two laid over one another; and over it, as far as somebody wants to see them, what the
// platform covers, its crops, and the places that something was found at. Knows nothing of the rest of the panel.

import { setLook } from './address.js';
import { altOf, changed, h, isPicture, now, openFindings, shownOf, t, urlOf, view } from './state.js';

/** What is laid over the picture. */
const over = { safe: false, crops: false, feed: false };

export function toggleOver(name) {
  over[name] = !over[name];
  changed('panel');
}

const presetOf = row => now.about.presets?.[row.target] ?? null;

const percent = value => `${Math.round(value * 1e4) / 100}%`;

function boxOver(area, className, label) {
  const box = h('span', { class: `over-box ${className}` }, label ? h('small', null, label) : null);
  box.style.setProperty('left', percent(area.x));
  box.style.setProperty('top', percent(area.y));
  box.style.setProperty('width', percent(area.w));
  box.style.setProperty('height', percent(area.h));
  return box;
}

function overlays(row, digest) {
  const preset = presetOf(row);
  const boxes = [];
  if (over.safe) boxes.push(...(preset?.safe ?? []).map(area => boxOver(area, 'safe', null)));
  if (over.crops) boxes.push(...(preset?.crops ?? []).map(area => boxOver(area, 'crop', area.name)));
  for (const finding of openFindings(row)) {
    if (finding.mark && (!finding.digest || finding.digest === digest)) boxes.push(boxOver(finding.mark, 'found', t().kinds[finding.kind] ?? finding.kind));
  }
  return boxes;
}

/** Above the picture: how it is looked at, and what is laid over it. */
export function looks(row, found) {
  const preset = presetOf(row);
  const look = (name, label, able) => h('button', {
    type: 'button', class: 'tab', 'data-look': name, 'aria-pressed': String(view.look === name), disabled: !able, onclick: () => setLook(name),
  }, label);
  const toggle = (name, label) => h('button', {
    type: 'button', class: 'tab', 'data-over': name, 'aria-pressed': String(over[name]), onclick: () => toggleOver(name),
  }, label);
  return h('div', { class: 'looks' },
    h('div', { class: 'tabs', role: 'group', 'aria-label': t().looks.title },
      look('one', t().looks.one, true), look('slide', t().looks.slide, found.length > 1), look('side', t().looks.side, found.length > 0)),
    view.look !== 'one' || !preset ? null : h('div', { class: 'tabs', role: 'group', 'aria-label': t().over.title },
      preset.safe?.length > 0 ? toggle('safe', t().over.safe) : null,
      preset.crops?.length > 0 ? toggle('crops', t().over.crops) : null,
      preset.feed ? toggle('feed', t().over.feed) : null));
}

function image(row, source, className) {
  return h('img', { class: className, src: urlOf(source.digest), alt: altOf(row, source.name), 'data-digest': source.digest, width: row.width, height: row.height });
}

function choose(side, found, chosen) {
  return h('select', {
    'data-side': side, 'aria-label': t().whichPicture[side], onchange: event => { view[side] = event.target.value; changed('panel'); },
  }, found.map(source => h('option', { value: source.digest, selected: source === chosen }, source.name)));
}

function single(row, found) {
  const shown = found.find(source => source.digest === (view.right ?? shownOf(row))) ?? found[0];
  const feed = over.feed && presetOf(row)?.feed;
  const sheet = h('div', { class: 'sheet' }, image(row, shown, 'under'), overlays(row, shown.digest));
  sheet.style.setProperty('--ratio', `${row.width} / ${row.height}`);
  sheet.style.setProperty('--narrow', String(row.width / row.height));
  if (feed) sheet.style.setProperty('max-width', `${feed.width}px`);
  const whys = over.safe ? [...new Set((presetOf(row)?.safe ?? []).map(area => area.why).filter(Boolean))] : [];
  return h('div', { class: 'pictures' }, h('div', { class: `compare${feed ? ' feed' : ''}` }, sheet),
    h('div', { class: 'choices' }, found.length > 1 ? choose('right', found, shown) : h('span', { class: 'note' }, shown.name),
      feed ? h('span', { class: 'note' }, t().over.feedWidth(feed.width)) : h('span', { class: 'note figure' }, `${row.width}×${row.height}`)),
    whys.map(why => h('p', { class: 'note' }, why)));
}

/** Two of them, and a line between that is moved. */
function slider(row, found) {
  const pick = (digest, otherwise) => found.find(source => source.digest === digest) ?? otherwise;
  const right = pick(view.right, pick(shownOf(row), found[0]));
  const left = pick(view.left, found.find(source => source !== right) ?? right);
  const pair = h('div', { class: 'sheet pair' }, image(row, left, 'under'), image(row, right, 'over'));
  pair.style.setProperty('--ratio', `${row.width} / ${row.height}`);
  pair.style.setProperty('--narrow', String(row.width / row.height));
  const cut = value => { view.cut = value; pair.style.setProperty('--cut', `${value}%`); };
  cut(view.cut);
  pair.append(h('input', {
    type: 'range', name: 'cut', min: '0', max: '100', step: '0.5', value: String(view.cut),
    'aria-label': `${left.name} | ${right.name}`, oninput: event => cut(Number(event.target.value)),
  }));
  return h('div', { class: 'pictures' }, h('div', { class: 'compare' }, pair),
    h('div', { class: 'choices' }, choose('left', found, left), choose('right', found, right)));
}

/** What is to be seen of an asset: what `says` it, and how it is built. */
export function picture(row, found) {
  const digest = shownOf(row);
  if (!isPicture(row) || found.length === 0) {
    return h('div', { class: 'pictures' }, h('div', { class: 'compare nothing' }, digest
      ? h('a', { class: 'quiet', href: urlOf(digest), target: '_blank', rel: 'noopener' }, t().open) : h('p', { class: 'note' }, t().none)));
  }
  return view.look === 'slide' && found.length > 1 ? slider(row, found) : single(row, found);
}

/** What it depends on: built anew only if that is otherwise. */
export const pictureSays = () => ({ over, look: view.look, left: view.left, right: view.right });
