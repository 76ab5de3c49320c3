// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Floor, Order } from '../../static/ui/floor.js';

test('who has the floor', () => {
  const f = new Floor();
  for (const [at, speaking, want, why] of /** @type {const} */ ([
    [0, '', '', 'nobody spoke'],
    [100, 'a', 'a', 'the first one has it at once'],
    [900, '', 'a', 'silence'],
    [1000, 'b', 'a', 'a cough'],
    [1200, '', 'a', ''],
    [2000, 'b', 'a', 'not long enough'],
    [2800, 'b', 'b', 'long enough'],
    [3000, 'a b', 'b', 'who speaks keeps it'],
    [4000, 'a b', 'b', 'louder or not'],
    [4100, 'a', 'b', 'a breath'],
    [4300, 'a b', 'b', ''],
    [4400, 'a', 'b', ''],
    [5000, 'a', 'a', 'silent for longer than a breath'],
  ])) {
    f.update(speaking.split(' ').filter(Boolean), at);
    assert.equal(f.speaker, want, `at ${at}: ${why}`);
  }
  f.sweep((k) => k !== 'a');
  assert.equal(f.speaker, '');
});

test('it says when to look again', () => {
  const f = new Floor();
  assert.equal(f.update([], 0), 0);
  assert.equal(f.update(['a'], 0), 700);
  assert.equal(f.update(['a'], 500), 200);
  assert.equal(f.update(['a'], 700), 0);
  assert.equal(f.update([], 900), 400);
  assert.ok(f.speaks('a', 1200), 'a pause between syllables is no silence');
  assert.equal(f.update([], 1300), 0);
  assert.ok(!f.speaks('a', 1300));
});

test('tiles move as little as they must', () => {
  const order = new Order();
  const floor = new Floor();
  const page = 3;
  /** @param {string} keys @param {string} speaking @param {number} at */
  const next = (keys, speaking, at) => {
    floor.update(speaking.split(' ').filter(Boolean), at);
    return order.next(keys.split(' '), page, floor, at).join(' ');
  };
  for (const [at, keys, speaking, want, why] of /** @type {const} */ ([
    [0, 'a b c', '', 'a b c', 'the order of joining'],
    [100, 'a b c d e', '', 'a b c d e', 'new ones come last'],
    [200, 'a b c d e', 'a', 'a b c d e', ''],
    [300, 'a b c d e', 'd', 'a b c d e', 'a cough brings nobody forward'],
    [1100, 'a b c d e', 'd', 'a b d c e', 'a speaker changes places with one who never spoke'],
    [1200, 'a b c d e', 'e', 'a b d c e', ''],
    [2000, 'a b c d e', 'e', 'a e d c b', 'd was brought forward a moment ago, a spoke'],
    [2100, 'a c d e', '', 'a e d c', 'one behind the page leaves'],
    [2200, 'c d e f', '', 'c e d f', 'a gap on the page is filled by the next one'],
    [2300, 'd e f', '', 'f e d', ''],
    [2400, 'd f', '', 'f d', 'the last page closes up'],
    [2500, 'a f d', '', 'f d a', 'who comes again is new'],
  ])) {
    assert.equal(next(keys, speaking, at), want, `at ${at}: ${why}`);
  }
});
