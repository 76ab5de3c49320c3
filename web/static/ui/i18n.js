// @ts-check

/** @type {Record<string, string|Record<string, string>>} */
let strings = {};
let plurals = new Intl.PluralRules('en');

/**
 * Loads the strings of a language. English is the only one so far.
 * @param {string} lang
 */
export async function load(lang) {
  const response = await fetch(`/lang/${lang}.json`);
  strings = await response.json();
  plurals = new Intl.PluralRules(lang);
  document.documentElement.lang = lang;
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
 * @returns {(Node|string)[]} to append
 */
export function parts(key, values) {
  return t(key).split(/\{(\w+)\}/).map((part, i) => (i % 2 === 1 ? values[part] ?? `{${part}}` : part));
}

/**
 * The sentence for an error code; unknown ones get the general sentence.
 * @param {string} code
 * @param {Record<string, string|number>} [values]
 */
export function sentence(code, values) {
  return t(`error.${code}` in strings ? `error.${code}` : 'error.internal', values);
}
