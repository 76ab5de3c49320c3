// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodes, reasons } from '../../static/ui/why.js';

test('why there is no picture', () => {
  const live = { state: 'live' };
  for (const [facts, want] of /** @type {[Parameters<typeof reasons>[0], string][]} */ ([
    [{ there: true, slot: live }, ''],
    [{ there: true, slot: live, away: true }, ''],
    [{ there: false }, 'no_source'],
    [{ there: false, away: true }, 'away no_source'],
    [{ there: true, muted: true }, 'muted'],
    [{ there: true, muted: true, slot: { state: 'paused', why: 'muted' } }, 'muted'],
    [{ there: true, wanted: false }, 'hand'],
    [{ there: true, wanted: false, muted: true }, 'muted hand'],
    [{ there: true, decodes: false, slot: live }, 'codec'],
    [{ there: true }, 'asked'],
    [{ there: true, away: true }, 'asked away'],
    [{ there: true, slot: { state: 'paused' } }, 'paused'],
    [{ there: true, slot: { state: 'paused', why: 'bandwidth' } }, 'bandwidth'],
    [{ there: true, slot: { state: 'paused', why: 'sunspots' } }, 'sunspots'],
  ])) {
    assert.equal(reasons(facts).join(' '), want, JSON.stringify(facts));
  }
});

test('a codec is decoded where nothing is known of it', () => {
  assert.ok(decodes('VP8') && decodes(''));
});
