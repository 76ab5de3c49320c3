// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear } from '../../static/ui/ear.js';

/**
 * @param {Ear} ear
 * @param {number} n looks
 * @param {{loudness: number, silent: boolean, muted: boolean}} look
 */
const hear = (ear, n, look) => Array.from({ length: n }, () => ear.hear(look)).filter(Boolean);

const voice = { loudness: 70, silent: false };
const noise = { loudness: 10, silent: false };
const nothing = { loudness: 0, silent: true };

test('who talks while muted is told so once in a while', () => {
  const ear = new Ear();
  assert.deepEqual(hear(ear, 50, { ...voice, muted: false }), [], 'not muted');
  assert.deepEqual(hear(ear, 50, { ...noise, muted: true }), [], 'noise');
  assert.deepEqual(hear(ear, 4, { ...voice, muted: true }), [], 'a cough');
  assert.deepEqual(hear(ear, 4, { ...noise, muted: true }), []);
  assert.deepEqual(hear(ear, 250, { ...voice, muted: true }), ['talking']);
  assert.deepEqual(hear(ear, 100, { ...voice, muted: true }), ['talking'], 'half a minute later');
});

test('a microphone that has never given anything is remarkable, once', () => {
  const ear = new Ear();
  assert.deepEqual(hear(ear, 200, { ...nothing, muted: true }), [], 'muted');
  assert.deepEqual(hear(ear, 79, { ...nothing, muted: false }), []);
  assert.deepEqual(hear(ear, 500, { ...nothing, muted: false }), ['silent']);
  ear.reset();
  hear(ear, 1, { ...noise, muted: false });
  assert.deepEqual(hear(ear, 500, { ...nothing, muted: false }), [], 'it works, nobody speaks');
});
