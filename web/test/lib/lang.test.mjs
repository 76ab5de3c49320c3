// @ts-check
// The strings of the page: every language has the same, and none is missing or idle.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const root = new URL('../../static/', import.meta.url);
/** @typedef {Record<string, string|Record<string, string>>} Strings */

/** @param {string} lang @returns {Promise<Strings>} */
const read = async (lang) => JSON.parse(await readFile(new URL(`lang/${lang}.json`, root), 'utf8'));

/** @param {string|Record<string, string>} entry */
const forms = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry));
/** @param {string|Record<string, string>} entry */
const places = (entry) => [...new Set(forms(entry).flatMap((f) => f.match(/\{\w+\}/g) ?? []))].sort().join();

/** The text of all modules of the page. */
async function code() {
  const names = (await readdir(new URL('ui/', root), { recursive: true })).filter((n) => n.endsWith('.js'));
  return (await Promise.all(names.map((n) => readFile(new URL(`ui/${n}`, root), 'utf8')))).join('\n');
}

test('every language has the strings of English, with the same places', async () => {
  const en = await read('en');
  for (const file of await readdir(new URL('lang/', root))) {
    const lang = file.replace('.json', '');
    const other = await read(lang);
    assert.deepEqual(Object.keys(other), Object.keys(en), `keys of ${lang}, in the order of English`);
    const { pluralCategories } = new Intl.PluralRules(lang).resolvedOptions();
    for (const [key, entry] of Object.entries(en)) {
      assert.equal(places(other[key]), places(entry), `places of ${key} in ${lang}`);
      assert.ok(forms(other[key]).every((f) => f.trim()), `${key} in ${lang} is not empty`);
      assert.equal(typeof other[key], typeof entry, `${key} in ${lang} has forms if English has`);
      if (typeof other[key] === 'object') {
        assert.deepEqual(Object.keys(other[key]).sort(), [...pluralCategories].sort(), `forms of ${key} in ${lang}`);
      }
    }
  }
});

test('the languages that can be chosen are those that there are', async () => {
  const source = await readFile(new URL('ui/i18n.js', root), 'utf8');
  const listed = [...(/languages = \{(.*?)\}/s.exec(source)?.[1] ?? '').matchAll(/(\w+):/g)].map((m) => m[1]);
  const files = (await readdir(new URL('lang/', root))).map((f) => f.replace('.json', ''));
  assert.deepEqual(listed.sort(), files.sort());
});

test('every string that the code names is there, and every string is named', async () => {
  const en = await read('en');
  const areas = new Set(Object.keys(en).map((k) => k.split('.')[0]));
  const source = await code();
  const named = [...source.matchAll(/['"`]([a-z]+(?:\.\w+)+)['"`]/g)].map((m) => m[1])
    .filter((k) => areas.has(k.split('.')[0]) && !/\.(js|json|css)$/.test(k));
  assert.deepEqual([...new Set(named.filter((k) => !(k in en)))], [], 'named, but missing');
  // Such as `toolbar.${id}On`: one place stands for a word.
  const patterns = [...source.matchAll(/`([a-z]+\.(?:\w|\.|\$\{(?:[^{}`]|`[^`]*`)*\})*)`/g)].map((m) => m[1])
    .filter((p) => p.includes('${') && areas.has(p.split('.')[0]))
    .map((p) => new RegExp(`^${p.replace(/\$\{(?:[^{}`]|`[^`]*`)*\}/g, '\0').replaceAll('.', '\\.').replaceAll('\0', '\\w*')}$`));
  const idle = Object.keys(en).filter((k) => !named.includes(k) && !patterns.some((p) => p.test(k)));
  assert.deepEqual(idle, [], 'there, but named nowhere');
});
