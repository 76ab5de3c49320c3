// @ts-check
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Sizes } from '../../static/ui/sizes.js';

test('sizes rest before they are asked for, what is new does not', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let rested = 0;
  const sizes = new Sizes(() => rested++);
  const show = (/** @type {Record<string, [number, boolean?]>} */ o) =>
    sizes.show(new Map(Object.entries(o).map(([k, [w, main = false]]) => [k, { w, h: w, main }])));
  const asked = () => ['a', 'b'].map((k) => sizes.of(k)?.w ?? 0).join(' ');

  show({ a: [100] });
  assert.equal(asked(), '100 0', 'a new one at once');
  for (const w of [90, 80, 70]) {
    mock.timers.tick(200);
    show({ a: [w] });
  }
  assert.equal(asked(), '100 0', 'not while it changes');
  show({ a: [70], b: [60] });
  assert.equal(asked(), '100 60', 'a new one at once, the other rests');
  mock.timers.tick(250);
  assert.equal(asked(), '70 60');
  assert.equal(rested, 1);
  show({ a: [300, true], b: [60] });
  assert.equal(asked(), '300 60', 'the large one at once');
  show({ a: [100], b: [300, true] });
  assert.equal(asked(), '300 300');
  mock.timers.tick(250);
  assert.equal(asked(), '100 300');
  show({ b: [300, true] });
  assert.equal(asked(), '0 300', 'what is not shown is not asked for');
  mock.timers.tick(250);
  assert.equal(rested, 2, 'and nothing is left to do');
  mock.timers.reset();
});
