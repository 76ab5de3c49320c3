// @ts-check
import { BackgroundField } from './background-field.js';
import { heights } from './capture.js';
import { openDialog } from './dialog.js';
import { chooseDevice, fillDevices } from './devices.js';
import { h, set } from './dom.js';
import { keyList } from './help.js';
import { chooseLanguage, language, languages, t } from './i18n.js';
import { canChooseSpeaker } from './media.js';
import { Meter } from './meter.js';
import { speakerTest } from './speaker.js';
import { setting, setSetting } from './storage.js';
import { chooseTheme, theme } from './theme.js';
/** @import {Dialog} from './dialog.js' */
/** @import {Keys} from './keys.js' */
/** @import {Device, LocalMedia} from './media.js' */
/** @import {Language} from './i18n.js' */
/** @import {Theme} from './theme.js' */

/**
 * @typedef {object} SettingsContext
 * @property {LocalMedia} media
 * @property {Keys|null} keys null where there are none
 * @property {string} [tab] to begin with
 * @property {() => void} update something changed that shows elsewhere
 */
/** @typedef {{id: string, body: HTMLElement, close?: () => void}} Tab */

/** @type {Dialog|null} */
let open = null;

/**
 * Opens the settings. What is changed there holds at once.
 * @param {SettingsContext} ctx
 */
export function openSettings(ctx) {
  open?.close();
  const tabs = [devices(ctx), video(ctx), ctx.keys && { id: 'shortcuts', body: keyList(ctx.keys) }, languageTab(), appearance()]
    .filter((tab) => tab !== null);
  open = openDialog({
    title: t('toolbar.settings'), body: tabbed(tabs, ctx.tab ?? 'devices'), class: 'settings',
    onclose: () => {
      open = null;
      tabs.forEach((tab) => tab.close?.());
      ctx.update();
    },
  });
}

/**
 * A row of tabs and what they show: arrows move between them.
 * @param {Tab[]} tabs
 * @param {string} first
 */
function tabbed(tabs, first) {
  const choose = (/** @type {string} */ id, focus = false) => {
    for (const [i, tab] of tabs.entries()) {
      const on = tab.id === id;
      set(buttons[i], 'aria-selected', on);
      buttons[i].tabIndex = on ? 0 : -1;
      panels[i].hidden = !on;
      if (on && focus) {
        buttons[i].focus();
      }
    }
  };
  const buttons = tabs.map((tab) => h('button', {
    type: 'button', class: 'tab', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': `settings-${tab.id}`, onclick: () => choose(tab.id),
  }, t(`settings.${tab.id}`)));
  const panels = tabs.map((tab) => h('div', {
    class: 'tab-panel', role: 'tabpanel', id: `settings-${tab.id}`, 'aria-labelledby': `tab-${tab.id}`,
  }, tab.body));
  const list = h('div', {
    class: 'tabs', role: 'tablist', 'aria-label': t('toolbar.settings'),
    onkeydown: (/** @type {KeyboardEvent} */ e) => {
      const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
      const step = document.documentElement.dir === 'rtl' ? -1 : 1;
      /** @type {Record<string, number>} */
      const to = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: tabs.length - 1 };
      if (e.key in to) {
        e.preventDefault();
        choose(tabs[(to[e.key] + tabs.length) % tabs.length].id, true);
      }
    },
  }, ...buttons);
  choose(first);
  return h('div', { class: 'tabbed' }, list, ...panels);
}

/**
 * @param {SettingsContext} ctx
 * @returns {Tab}
 */
function devices({ media }) {
  const meter = new Meter(t('lobby.level'));
  const kinds = /** @type {(Device|'speaker')[]} */ (canChooseSpeaker ? ['mic', 'cam', 'speaker'] : ['mic', 'cam']);
  const selects = kinds.map((d) => {
    /** @type {HTMLSelectElement} */
    const select = h('select', { id: `set-${d}`, onchange: () => chooseDevice(media, d, select.value) });
    return select;
  });
  const test = speakerTest(media);
  const update = () => {
    kinds.forEach((d, i) => fillDevices(selects[i], media, d));
    meter.listen(media.mic.on ? media.mic.track : null);
  };
  update();
  const off = media.on('change', update);
  const body = h('div', { class: 'fields' }, ...kinds.map((d, i) => h('div', { class: 'field' },
    h('label', { for: `set-${d}` }, t(`device.${d}`)),
    d === 'speaker' ? h('div', { class: 'row' }, selects[i], test) : selects[i],
    d === 'mic' && meter.element)), !canChooseSpeaker && test);
  return { id: 'devices', body, close: () => (off(), meter.stop()) };
}

/**
 * @param {SettingsContext} ctx
 * @returns {Tab}
 */
function video({ media, update }) {
  /** @type {HTMLSelectElement} */
  const size = h('select', { id: 'set-size', onchange: () => media.chooseHeight(Number(size.value)) },
    ...heights.map((n) => new Option(t('settings.lines', { n }), String(n))));
  size.value = String(media.height);
  /** @type {HTMLInputElement} */
  const mirror = h('input', {
    type: 'checkbox', id: 'set-mirror', onchange: () => (setSetting('mirror', mirror.checked), update()),
  });
  mirror.checked = setting('mirror', true);
  const background = new BackgroundField(media, 'set-background');
  return {
    id: 'video',
    body: h('div', { class: 'fields' },
      h('div', { class: 'field' }, h('label', { for: 'set-size' }, t('settings.size')), size, h('p', { class: 'hint' }, t('settings.sizeHint'))),
      background.element,
      h('div', { class: 'check' }, mirror, h('label', { for: 'set-mirror' }, t('settings.mirror')))),
    close: () => background.close(),
  };
}

/** @returns {Tab} */
function languageTab() {
  const note = h('div', { class: 'row', role: 'status' });
  /** @type {HTMLSelectElement} */
  const select = h('select', {
    id: 'set-lang', onchange: () => {
      chooseLanguage(/** @type {Language} */ (select.value));
      note.replaceChildren(h('p', { class: 'hint' }, t('settings.reloadHint')),
        h('button', { type: 'button', class: 'button', onclick: () => location.reload() }, t('settings.reload')));
    },
  }, ...Object.entries(languages).map(([lang, name]) => {
    const option = new Option(name, lang);
    option.lang = lang;
    return option;
  }));
  select.value = language();
  /** @type {HTMLInputElement} */
  const announce = h('input', { type: 'checkbox', id: 'set-announce', onchange: () => setSetting('announceCaptions', announce.checked) });
  announce.checked = setting('announceCaptions', false);
  return {
    id: 'language',
    body: h('div', { class: 'fields' }, h('div', { class: 'field' }, h('label', { for: 'set-lang' }, t('settings.language')), select), note,
      h('div', { class: 'check' }, announce, h('label', { for: 'set-announce' }, t('settings.announce'))),
      h('p', { class: 'hint' }, t('settings.announceHint'))),
  };
}

/** @returns {Tab} */
function appearance() {
  const choices = /** @type {Theme[]} */ (['system', 'light', 'dark']).map((id) => {
    const radio = h('input', { type: 'radio', name: 'theme', id: `theme-${id}`, value: id, onchange: () => chooseTheme(id) });
    radio.checked = theme() === id;
    return h('div', { class: 'check' }, radio, h('label', { for: `theme-${id}` }, t(`settings.theme.${id}`)));
  });
  return {
    id: 'appearance',
    body: h('fieldset', { class: 'fields' }, h('legend', {}, t('settings.colours')), ...choices,
      h('p', { class: 'hint' }, t('settings.motionHint'))),
  };
}
