// @ts-check
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { t } from './i18n.js';
/** @import {Keys} from './keys.js' */

/** @type {import('./dialog.js').Dialog|null} */
let open = null;

/**
 * Shows what the keys do.
 * @param {Keys} keys
 */
export function openHelp(keys) {
  open?.close();
  open = openDialog({ title: t('toolbar.shortcuts'), body: keyList(keys), onclose: () => (open = null) });
}

/**
 * @param {Keys} keys
 * @returns {HTMLElement} the shortcuts, and the switch that turns them off
 */
export function keyList(keys) {
  /** @type {HTMLInputElement} */
  const box = h('input', { type: 'checkbox', id: 'keys-on', onchange: () => (keys.on = box.checked) });
  box.checked = keys.on;
  return h('div', { class: 'keys' },
    h('div', { class: 'check' }, box, h('label', { for: 'keys-on' }, t('keys.on'))),
    h('dl', { class: 'key-list' }, ...keys.list.map((s) =>
      h('div', {}, h('dt', {}, h('kbd', {}, keyName(s.key))), h('dd', {}, t(s.label))))));
}

/** @param {string} key */
function keyName(key) {
  return key === ' ' ? t('keys.space') : key === 'Escape' ? 'Esc' : key.toUpperCase();
}
