// @ts-check
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { doer } from '../../static/ui/background-maker.js';
import { choiceOf } from '../../static/ui/backgrounds.js';
import { Pace } from '../../static/worker/pace.js';
import { cover } from '../../static/worker/painter.js';

test('a choice is read as it was kept, if it still can be had', () => {
  for (const [kept, own, want] of /** @type {[unknown, boolean, string][]} */ ([
    ['blur', false, 'blur'], ['dusk', false, 'dusk'], ['own', true, 'own'],
    ['own', false, 'none'], ['beach', true, 'none'], [undefined, false, 'none'], [{}, false, 'none'],
  ])) {
    assert.equal(choiceOf(kept, own), want, `${kept}, ${own}`);
  }
});

test('the camera blurs where it can, else the page', () => {
  for (const [choice, can, want] of /** @type {[any, {backgroundBlur?: boolean[]}, string][]} */ ([
    ['none', { backgroundBlur: [true, false] }, 'nobody'],
    ['blur', { backgroundBlur: [true, false] }, 'camera'],
    ['blur', { backgroundBlur: [true] }, 'camera'],
    ['blur', { backgroundBlur: [false] }, 'page'],
    ['blur', {}, 'page'],
    ['slight', { backgroundBlur: [true, false] }, 'page'],
    ['dusk', { backgroundBlur: [true, false] }, 'page'],
  ])) {
    assert.equal(doer(choice, can), want, `${choice}, ${JSON.stringify(can)}`);
  }
});

test('a picture covers what is wider or higher', () => {
  for (const [picture, all, want] of [
    [[1280, 720], [640, 360], [1, 1]], [[1280, 720], [720, 720], [0.5625, 1]], [[500, 500], [1000, 500], [1, 0.5]],
  ]) {
    const [p, a] = [picture, all].map(([width, height]) => ({ width, height }));
    assert.deepEqual(cover(p, a), want, `${picture} on ${all}`);
  }
});

/**
 * Draws as the worker does: one picture at a time, and then the newest.
 * @param {Pace} pace
 * @param {{every: number, took: number, from?: number, seconds: number, lost?: (n: number) => boolean}} o times in milliseconds
 * @returns {number|null} after how many it did not keep up
 */
function draw(pace, { every, took, from = 0, seconds, lost = () => false }) {
  let now = from;
  for (let n = 1; n * every <= seconds * 1000;) {
    now = Math.max(now, from + n * every) + took;
    if (!lost(n) && !pace.push(now, from + n * every, took)) {
      return Math.round(now - from);
    }
    n = Math.max(n + 1, Math.floor((now - from) / every));
  }
  return null;
}

describe('the drawing keeps up with the camera', () => {
  for (const [name, o, slow] of /** @type {[string, Parameters<typeof draw>[1], boolean][]} */ ([
    ['a third of the time', { every: 33.3, took: 11, seconds: 10 }, false],
    ['nearly four fifths', { every: 33.3, took: 26, seconds: 10 }, false],
    ['more than four fifths', { every: 33.3, took: 28, seconds: 10 }, true],
    ['longer than the camera', { every: 33.3, took: 80, seconds: 10 }, true],
    ['much longer', { every: 16.6, took: 900, seconds: 20 }, true],
    ['a camera in the dark', { every: 66.6, took: 20, seconds: 10 }, false],
    ['too slow, but not for three seconds', { every: 33.3, took: 80, seconds: 2.5 }, false],
    ['one of two pictures is missing, by fits and starts', { every: 33.3, took: 5, seconds: 10, lost: (n) => n % 10 > 4 }, true],
    ['one of ten is missing', { every: 33.3, took: 5, seconds: 10, lost: (n) => n % 10 === 0 }, false],
  ])) {
    test(name, () => {
      const after = draw(new Pace(), o);
      assert.equal(after !== null, slow, `after ${after} ms`);
      assert.ok(after === null || (after >= 3000 && after < 5000), `after ${after} ms`);
    });
  }

  test('a rest is no delay', () => {
    const pace = new Pace();
    assert.equal(draw(pace, { every: 33.3, took: 30, seconds: 2 }), null);
    assert.equal(draw(pace, { every: 33.3, took: 30, from: 60_000, seconds: 2 }), null);
    assert.ok(Number(draw(pace, { every: 33.3, took: 30, from: 120_000, seconds: 9 })) >= 3000);
  });
});

test('what is vendored of MediaPipe is what the lock file names', async () => {
  const root = new URL('../../', import.meta.url);
  const package_ = new URL('node_modules/@mediapipe/selfie_segmentation/', root);
  for (const file of ['selfie_segmentation.binarypb', 'selfie_segmentation.tflite', 'selfie_segmentation_landscape.tflite',
    'selfie_segmentation_solution_simd_wasm_bin.js', 'selfie_segmentation_solution_simd_wasm_bin.wasm']) {
    const [ours, theirs] = await Promise.all([readFile(new URL(`static/vendor/mediapipe/${file}`, root)), readFile(new URL(file, package_))]);
    assert.ok(ours.equals(theirs), file);
  }
});
