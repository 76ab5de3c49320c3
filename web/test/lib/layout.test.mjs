// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout, resolve } from '../../static/ui/layout.js';
/** @import {Plan, Scene} from '../../static/ui/layout.js' */

const keys = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => `k${i}`);

/** @param {Partial<Scene>} s */
const plan = (s) => layout({ w: 1280, h: 720, shape: 'grid', keys: [], main: null, page: 0, ...s });

/** Columns × rows of the tiles that are not the main one. @param {Plan} p */
function shape(p) {
  const small = p.places.filter((t) => !t.main);
  return `${Math.max(...small.map((t) => small.filter((u) => u.y === t.y).length))}×${new Set(small.map((t) => t.y)).size}`;
}

/** Every tile is on the stage, and no two overlap. @param {Plan} p @param {{w: number, h: number}} s */
function holds(p, s) {
  for (const [i, a] of p.places.entries()) {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.w <= s.w + 1 && a.y + a.h <= s.h + 1, `${JSON.stringify(a)} is on ${s.w}×${s.h}`);
    assert.ok(a.w > 0 && a.h > 0 && [a.x, a.y, a.w, a.h].every(Number.isInteger), JSON.stringify(a));
    for (const b of p.places.slice(i + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      assert.ok(apart, `${JSON.stringify(a)} and ${JSON.stringify(b)} overlap`);
    }
  }
}

test('the grid takes the columns that give the largest pictures', () => {
  for (const [n, w, h, want, pages] of /** @type {const} */ ([
    [1, 1280, 720, '1×1', 1],
    [2, 1280, 720, '2×1', 1],
    [2, 390, 700, '1×2', 1],
    [3, 1280, 720, '2×2', 1],
    [3, 1280, 400, '3×1', 1],
    [5, 1280, 720, '3×2', 1],
    [7, 1280, 720, '3×3', 1],
    [9, 1280, 720, '3×3', 1],
    [12, 1280, 720, '4×3', 1],
    [25, 1280, 720, '5×5', 1],
    [26, 1280, 720, '5×5', 2],
    [8, 390, 700, '2×4', 1],
    [9, 390, 700, '2×4', 2],
    [30, 320, 400, '2×4', 4],
    [4, 740, 300, '2×2', 1],
    [4, 740, 160, '4×1', 1],
    [30, 740, 300, '4×2', 4],
  ])) {
    const p = plan({ keys: keys(n), w, h });
    assert.deepEqual([shape(p), p.pages], [want, pages], `${n} tiles on ${w}×${h}`);
    holds(p, { w, h });
    if (h < w) {
      assert.ok(p.places.every((t) => Math.abs(t.h / t.w - 9 / 16) < 0.02), `${n} tiles on ${w}×${h} are wide`);
    }
  }
});

test('everything fits, whatever the stage', () => {
  for (const shape of /** @type {const} */ (['grid', 'speaker', 'sidebar', 'presentation'])) {
    for (const [w, h] of [[280, 300], [320, 480], [390, 760], [768, 1000], [800, 430], [1280, 640], [2560, 1300], [900, 200]]) {
      for (const n of [0, 1, 2, 3, 5, 9, 24, 25, 30, 100]) {
        for (const rtl of [false, true]) {
          const p = plan({ keys: keys(n), w, h, shape, main: shape === 'grid' ? null : 'main', rtl });
          holds(p, { w, h });
          assert.ok(p.places.length <= 25);
          const seen = new Set();
          for (let page = 0; page < p.pages; page++) {
            plan({ keys: keys(n), w, h, shape, main: shape === 'grid' ? null : 'main', page }).places.forEach((t) => seen.add(t.key));
          }
          assert.equal(seen.size, n + (shape === 'grid' ? 0 : 1), `${n} tiles of ${shape} on ${w}×${h}`);
        }
      }
    }
  }
});

test('a page that is not there is the last one', () => {
  const p = plan({ keys: keys(30), page: 7 });
  assert.deepEqual([p.page, p.pages, p.places.length], [1, 2, 5]);
  const [first] = plan({ keys: keys(30) }).places;
  assert.deepEqual([p.places[0].w, p.places[0].h], [first.w, first.h], 'its tiles are no larger');
});

test('the main tile is large, and the others stand where the layout says', () => {
  for (const [shape, w, h, check] of /** @type {[Scene['shape'], number, number, (m: any, t: any) => boolean][]} */ ([
    ['speaker', 1280, 640, (m, t) => t.y + t.h <= m.y],
    ['speaker', 390, 700, (m, t) => t.y + t.h <= m.y],
    ['sidebar', 1280, 640, (m, t) => t.x >= m.x + m.w],
    ['sidebar', 390, 700, (m, t) => t.y >= m.y + m.h],
    ['presentation', 1280, 640, (m, t) => t.x >= m.x + m.w],
    ['presentation', 390, 700, (m, t) => t.y >= m.y + m.h],
  ])) {
    const [m, ...rest] = plan({ keys: keys(3), shape, w, h, main: 'main', whole: shape === 'presentation' }).places;
    assert.ok(m.main && rest.every((t) => check(m, t) && m.w * m.h > 3 * t.w * t.h), `${shape} on ${w}×${h}`);
  }
  const phone = plan({ keys: keys(9), shape: 'speaker', w: 374, h: 640, main: 'main' });
  assert.equal(phone.each, 3, 'three beside each other on a phone');
  const [alone] = plan({ shape: 'presentation', main: 'main', whole: true }).places;
  assert.deepEqual([alone.w, alone.h], [1280, 720]);
  const [left] = plan({ keys: keys(3), shape: 'sidebar', main: 'main', rtl: true }).places;
  assert.ok(left.x > 200, 'from right to left the others stand on the left');
});

test('no stage, no tiles', () => {
  assert.deepEqual(plan({ w: 0, keys: keys(3) }).places, []);
});

test('what a layout comes to', () => {
  const none = { pinned: null, spotlight: null, screen: null, speaker: 's' };
  for (const [mode, facts, want] of /** @type {const} */ ([
    ['auto', {}, 'grid null'],
    ['auto', { screen: 'x' }, 'presentation x'],
    ['auto', { screen: 'x', pinned: 'p' }, 'sidebar p'],
    ['auto', { pinned: 'p', spotlight: 'l' }, 'sidebar p'],
    ['grid', { screen: 'x' }, 'grid null'],
    ['grid', { spotlight: 'l' }, 'sidebar l'],
    ['speaker', {}, 'speaker s'],
    ['speaker', { pinned: 'p' }, 'speaker p'],
    ['sidebar', { spotlight: 'l' }, 'sidebar l'],
    ['presentation', {}, 'presentation s'],
    ['presentation', { screen: 'x' }, 'presentation x'],
  ])) {
    const got = resolve(mode, { ...none, ...facts });
    assert.equal(`${got.shape} ${got.main}`, want, `${mode} with ${JSON.stringify(facts)}`);
  }
});

test('25 tiles take a fraction of a millisecond', () => {
  const list = keys(48);
  for (let i = 0; i < 200; i++) {
    plan({ keys: list, h: 600 + i });
  }
  const began = process.cpuUsage();
  for (let i = 0; i < 1000; i++) {
    plan({ keys: list, h: 400 + (i % 300) });
  }
  const { user, system } = process.cpuUsage(began);
  const each = (user + system) / 1000 / 1000;
  assert.ok(each < 0.25, `${each} ms`);
});
