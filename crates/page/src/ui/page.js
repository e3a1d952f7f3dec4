// The live page: shows what the server tells, and asks it for what a person wants. Text is only ever set as text. This
// file puts the parts together; each is in a file of its own.

import { followAddress, readAddress } from './address.js';
import { tick } from './card.js';
import { lookFor } from './filter.js';
import { beginFrame } from './frame.js';
import { beginGallery } from './gallery.js';
import { beginKeys } from './keys.js';
import { remember, remembered } from './kept.js';
import { beginPanel } from './panel.js';
import { beginPrint } from './print.js';
import { listen } from './server.js';
import { $, changed, THEMES, view } from './state.js';

const kept = (name, allowed, otherwise) => (allowed.includes(remembered(name)) ? remembered(name) : otherwise);

view.language = kept('language', ['en', 'zh'], navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
view.theme = kept('theme', THEMES, 'auto');
view.keys = kept('keys', ['on', 'off'], 'on') === 'on';
readAddress();
$('language').addEventListener('click', () => {
  view.language = view.language === 'en' ? 'zh' : 'en';
  remember('language', view.language);
  changed('all');
  listen();
});
$('theme').addEventListener('click', () => {
  view.theme = THEMES[(THEMES.indexOf(view.theme) + 1) % THEMES.length];
  remember('theme', view.theme);
  changed('language');
});
followAddress(() => lookFor(view.search));
beginFrame();
beginGallery();
beginPanel();
beginKeys();
beginPrint();
changed('all');
listen();
lookFor(view.search);
setInterval(tick, 1000);
