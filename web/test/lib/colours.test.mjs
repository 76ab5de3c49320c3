// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, Colours } from '../../static/ui/colours.js';

/** @param {number} n @returns {string[]} ids of so many members */
const members = (n) => Array.from({ length: n }, (_, i) => `m${(i * 7919).toString(36)}xQ`);

/** @param {string} hsl @returns {number} contrast of white letters on it */
function contrast(hsl) {
  const [h, s, l] = (hsl.match(/[\d.]+/g) ?? []).map(Number);
  const channel = (/** @type {number} */ n) => {
    const k = (n + h / 30) % 12;
    const c = l / 100 - (s / 100) * Math.min(l / 100, 1 - l / 100) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 1.05 / (0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4) + 0.05);
}

test('white letters are read on every colour', () => {
  assert.deepEqual(all.filter((c) => contrast(c) < 4.5), []);
  assert.equal(new Set(all).size, all.length);
});

test('members differ as long as there are colours', () => {
  for (let n = 1; n <= all.length; n++) {
    const colours = new Colours();
    colours.take(members(n));
    assert.equal(new Set(members(n).map((id) => colours.of(id))).size, n, `${n} members`);
  }
  const colours = new Colours();
  colours.take(members(100));
  assert.equal(new Set(members(100).map((id) => colours.of(id))).size, all.length);
});

test('a colour stays with its member, whoever comes and goes', () => {
  const [colours, ids] = [new Colours(), members(20)];
  colours.take(ids);
  const before = ids.map((id) => colours.of(id));
  colours.take(ids.slice(10));
  colours.take([...ids.slice(10), 'late', 'later']);
  assert.deepEqual(ids.slice(10).map((id) => colours.of(id)), before.slice(10));
});

test('all pages give the same, also one that was there before the others', () => {
  const ids = members(12);
  const [first, last] = [new Colours(), new Colours()];
  ids.forEach((_, i) => first.take(ids.slice(0, i + 1)));
  last.take(ids);
  assert.deepEqual(ids.map((id) => first.of(id)), ids.map((id) => last.of(id)));
});

test('who is not known yet has a colour all the same', () => {
  assert.ok(all.includes(new Colours().of('x')));
  assert.ok(all.includes(new Colours().of('')));
});
