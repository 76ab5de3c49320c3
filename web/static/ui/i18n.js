// @ts-check
import { setSetting, setting } from './storage.js';

/** The languages that there are, each by its own name. */
export const languages = { en: 'English', ko: '한국어' };
/** Scripts of these run from right to left. */
const rightToLeft = ['ar', 'fa', 'he', 'ur', 'yi'];
const tabKey = 'switchyard.lang';

/** @type {Record<string, string|Record<string, string>>} */
let strings = {};
let plurals = new Intl.PluralRules('en');

/** @typedef {keyof typeof languages} Language */

/**
 * The language to speak: that of the address, which holds for the tab; else the
 * one that was chosen; else the first of the browser's that we have; else English.
 * @returns {Language}
 */
export function language() {
  const has = (/** @type {string|null|undefined} */ lang) => /** @type {Language|undefined} */ (
    Object.keys(languages).find((l) => l === lang?.toLowerCase().split('-')[0]));
  const asked = has(new URLSearchParams(location.search).get('lang'));
  try {
    if (asked) {
      sessionStorage.setItem(tabKey, asked);
    }
    return asked ?? has(sessionStorage.getItem(tabKey)) ?? has(setting('lang', '')) ?? navigator.languages.map(has).find(Boolean) ?? 'en';
  } catch {
    return asked ?? navigator.languages.map(has).find(Boolean) ?? 'en';
  }
}

/**
 * Chooses the language for the next time that the page is loaded.
 * @param {Language} lang
 */
export function chooseLanguage(lang) {
  setSetting('lang', lang);
  const url = new URL(location.href);
  url.searchParams.delete('lang');
  history.replaceState(null, '', url);
  try {
    sessionStorage.removeItem(tabKey);
  } catch {
    // It could not be kept either.
  }
}

/**
 * Loads the strings of a language, and tells the browser how it is written. An
 * address with `dir` decides that instead, so that a layout can be looked at.
 * @param {Language} [lang]
 */
export async function load(lang = language()) {
  const response = await fetch(`/lang/${lang}.json`);
  strings = await response.json();
  plurals = new Intl.PluralRules(lang);
  const root = document.documentElement;
  root.lang = lang;
  const dir = new URLSearchParams(location.search).get('dir');
  root.dir = dir === 'rtl' || dir === 'ltr' ? dir : rightToLeft.includes(lang) ? 'rtl' : 'ltr';
}

/**
 * Translates a key and fills in `{name}` places. A key with several forms
 * takes the one that suits the number `n`. An unknown key shows itself.
 *
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = strings[key] ?? key;
  const text = typeof entry === 'string' ? entry : entry[plurals.select(Number(values.n))] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/**
 * Translates a key whose places are filled in by elements or strings.
 * @param {string} key
 * @param {Record<string, Node|string>} values
 * @param {number} [n] chooses among several forms, and fills its own place
 * @returns {(Node|string)[]} to append
 */
export function parts(key, values, n) {
  return t(key, n === undefined ? {} : { n }).split(/\{(\w+)\}/).map((part, i) => (i % 2 === 1 ? values[part] ?? `{${part}}` : part));
}

/**
 * The sentence for an error code; unknown ones get the general sentence.
 * @param {string} code
 * @param {Record<string, string|number>} [values]
 */
export function sentence(code, values) {
  return t(`error.${code}` in strings ? `error.${code}` : 'error.internal', values);
}
