// @ts-check
// QR codes, read back by a decoder that is not ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsqr from 'jsqr';
import { qrCode } from '../../static/ui/qr.js';

// Its types are those of a module with a default export, which it is not.
const decode = /** @type {typeof import('jsqr').default} */ (/** @type {unknown} */ (jsqr));

/**
 * Draws a code as a picture, with its margin.
 * @param {boolean[][]} modules
 */
function read(modules) {
  const [scale, margin] = [3, 4];
  const size = (modules.length + 2 * margin) * scale;
  const pixels = new Uint8ClampedArray(4 * size * size).fill(255);
  modules.forEach((row, y) => row.forEach((dark, x) => {
    for (let dy = 0; dark && dy < scale; dy++) {
      for (let dx = 0; dx < scale; dx++) {
        const at = 4 * (((y + margin) * scale + dy) * size + (x + margin) * scale + dx);
        pixels.set([0, 0, 0, 255], at);
      }
    }
  }));
  return decode(pixels, size, size, { inversionAttempts: 'dontInvert' })?.data;
}

/** The most bytes of each version, as ISO/IEC 18004 has them for level L. */
const capacity = [
  17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858,
  929, 1003, 1091, 1171, 1273, 1367, 1465, 1528, 1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953,
];

test('each version holds what it should, and is read back', { timeout: 60_000 }, () => {
  const abc = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.';
  capacity.forEach((most, i) => {
    const text = Array.from({ length: most }, (_, j) => abc[(j * 7 + i * 13 + (j >> 3)) % abc.length]).join('');
    const modules = qrCode(text);
    assert.equal(modules.length, 17 + 4 * (i + 1), `${most} bytes are version ${i + 1}`);
    // jsqr 1.4.0 looks for an alignment pattern of version 23 at 74, where the standard has 78.
    if (i + 1 !== 23) {
      assert.equal(read(modules), text, `version ${i + 1}`);
    }
  });
  assert.throws(() => qrCode('x'.repeat(2954)), RangeError);
});

test('links and words of any language', () => {
  for (const text of ['', 'https://meet.example/?room=blue-fox-42', `https://meet.example/?room=a#token=${'eyJ'.repeat(120)}`, '회의에 오세요 — مرحبا 🦊']) {
    assert.equal(read(qrCode(text)), text);
  }
});
