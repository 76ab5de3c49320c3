// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pulse } from '../../static/lib/pulse.js';

/**
 * Plays looks at a connection and tells at which an alarm was raised.
 * @param {string} looks one character each: `+` packets both ways, `-` sent only,
 *   `.` neither, `/` another path
 * @param {object} media its state
 */
async function play(looks, media) {
  let [path, received, sent] = [1, 0, 0];
  /** @type {number[]} */
  const raised = [];
  let i = 0;
  const pulse = new Pulse(/** @type {any} */ ({
    getStats: async () => new Map(/** @type {[string, any][]} */ ([
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: `P${path}` }],
      [`P${path}`, { id: `P${path}`, type: 'candidate-pair', packetsReceived: received, packetsSent: sent - 1, packetsDiscardedOnSend: 1 }],
      ['S', { id: 'S', type: 'outbound-rtp', ...media }],
    ])),
  }), () => raised.push(i));
  for (; i < looks.length; i++) {
    sent += looks[i] === '.' ? 0 : 10;
    received += looks[i] === '+' ? 10 : 0;
    path += looks[i] === '/' ? 1 : 0;
    await pulse.look();
  }
  return raised.join();
}

for (const [name, looks, want] of /** @type {const} */ ([
  ['two looks without a packet', '+++++--', '6'],
  ['one is none', '+++++-+-+-+', ''],
  ['once for each silence', '+++++-------++++--', '6,17'],
  ['what never was alive cannot stop', '--------', ''],
  ['who sends nothing hears nothing', '+++++.......', ''],
  ['another path is given time', '+++++-/--+++-', ''],
])) {
  test(`pulse: ${name}`, async () => assert.equal(await play(looks, { active: true, packetsSent: 9 }), want));
}

for (const [name, media] of /** @type {const} */ ([
  ['who sends no media hears no reports', {}],
  ['nor does who has sent none yet', { active: true, packetsSent: 0 }],
  ['nor who sends none any more', { active: false, packetsSent: 9 }],
])) {
  test(`pulse: ${name}`, async () => assert.equal(await play('+++++------', media), ''));
}
