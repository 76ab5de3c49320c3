// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdict } from '../../static/ui/check.js';
import { hasDetour } from '../../static/ui/reach.js';
import { asks, whoIsHere } from '../../static/ui/here.js';

test('who is here, as far as the server tells', () => {
  const names = ['Bo', 'Cy', 'Di', 'Ed', 'Flo'];
  for (const [members, told, want] of /** @type {[number, string[]|undefined, string][]} */ ([
    [0, undefined, 'nobody  0'],
    [1, ['Bo'], 'one Bo 1'],
    [2, names.slice(0, 2), 'some Bo Cy 2'],
    [4, names.slice(0, 4), 'some Bo Cy Di Ed 4'],
    [5, names, 'more Bo Cy 3'],
    [14, names, 'more Bo Cy 12'],
    [3, ['Bo', 'Cy'], 'more Bo Cy 1'],
    [2, ['Bo'], 'more Bo 1'],
    [1, undefined, 'count  1'],
    [7, [], 'count  7'],
  ])) {
    const who = whoIsHere({ members, names: told });
    assert.equal(`${who.say} ${who.names.join(' ')} ${who.n}`, want, `${members} of whom ${told} are named`);
  }
});

test('who comes has to ask where there is a lobby, and somebody in the room to ask', () => {
  for (const [room, want] of /** @type {[{members: number, names?: string[], lobby?: boolean}, boolean][]} */ ([
    [{ members: 2, names: ['Bo', 'Cy'], lobby: false }, false],
    [{ members: 2, lobby: false }, false], // it is locked, or needs a token
    [{ members: 2, lobby: true }, true],
    [{ members: 2, names: ['Bo', 'Cy'], lobby: true }, false], // for those alone who pass it
    [{ members: 0, lobby: true }, false],
    [{ members: 3 }, false], // an older server
  ])) {
    assert.equal(asks(room), want, JSON.stringify(room));
  }
});

test('what is blocked has its sentences, and what is not has one', () => {
  for (const [events, media, want] of /** @type {[any, any, string][]} */ ([
    ['websocket', 'udp', 'false check.clear'],
    ['websocket', 'relay', 'false check.relay'],
    ['websocket', 'unknown', 'false check.unknown'],
    ['websocket', 'blocked', 'true check.udp'],
    ['websocket', 'tcp', 'true check.tcp'],
    ['polling', 'udp', 'true check.polling'],
    ['polling', 'blocked', 'true check.polling check.udp'],
    ['blocked', 'unknown', 'true check.server'],
    ['blocked', 'blocked', 'true check.server check.udp'],
  ])) {
    const { blocked, keys } = verdict({ events, media });
    assert.equal([blocked, ...keys].join(' '), want, `${events}, ${media}`);
  }
});

test('there is a detour only where the server offers one', () => {
  const pc = (/** @type {string} */ candidate, /** @type {any[]} */ iceServers = []) => /** @type {any} */ ({
    getConfiguration: () => ({ iceServers }), remoteDescription: { sdp: `v=0\r\na=candidate:${candidate}\r\n` },
  });
  const udp = '1 1 udp 2130706431 192.0.2.1 7882 typ host';
  assert.equal(hasDetour(null), false);
  assert.equal(hasDetour(pc(udp)), false);
  assert.equal(hasDetour(pc(udp, [{ urls: 'stun:stun.example' }])), false, 'that is no relay');
  assert.equal(hasDetour(pc(udp, [{ urls: ['stun:s.example', 'turns:t.example:443'] }])), true);
  assert.equal(hasDetour(pc('1 1 tcp 1671430143 192.0.2.1 7882 typ host tcptype passive')), true);
});
