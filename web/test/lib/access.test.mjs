// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench } from './bench.mjs';
import { joinAck, settle, track } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});

describe('coming in', () => {
  test('shows the token, also when it resumes', async () => {
    await bench.room.join({ room: 'r', name: 'Ana', token: 't.o.k' });
    await settle();
    bench.socket.lose();
    bench.socket.connect();
    await settle();
    const sent = bench.socket.of('join');
    assert.deepEqual(sent.map((a) => [a.token, 'ticket' in a && a.ticket !== undefined]), [['t.o.k', false], ['t.o.k', false]]);
  });

  test('waits in a lobby until it is admitted, and joins with the ticket', async () => {
    bench.socket.answers.join = { ok: false, code: 'waiting', message: 'wait', ticket: 'T1' };
    const joined = bench.room.join({ room: 'r', name: 'Ana' });
    await settle();
    assert.deepEqual(bench.states, ['joining', 'waiting']);
    bench.socket.answers.join = joinAck();
    bench.socket.fire('admitted', { ticket: 'T1' });
    await joined;
    assert.equal(bench.socket.of('join')[1].ticket, 'T1');
    assert.deepEqual(bench.states, ['joining', 'waiting', 'joined']);
  });

  test('knocks again when the connection is lost meanwhile', async () => {
    bench.socket.answers.join = { ok: false, code: 'waiting', message: 'wait', ticket: 'T1' };
    const joined = bench.room.join({ room: 'r', name: 'Ana' });
    await settle();
    bench.socket.lose();
    bench.socket.connect();
    await settle();
    assert.equal(bench.socket.of('join').length, 2);
    bench.socket.fire('bye', { code: 'rejected', message: 'no', reconnect: 'no' });
    await assert.rejects(joined, { code: 'rejected' });
    assert.equal(bench.room.state, 'left');
  });
});

describe('moderators', () => {
  beforeEach(async () => {
    await bench.room.publish(track('audio'), 'microphone');
    bench.socket.answers.join = joinAck({ published: [{ mid: '10', publication: 'p0' }], self: { id: 'me', name: 'Ana', role: 'guest' } });
    await bench.join();
  });

  test('mute what is published, and the room says which source', () => {
    /** @type {string[]} */
    const heard = [];
    bench.room.on('muted', (source) => heard.push(source));
    bench.socket.fire('muted', { publication: 'p0', by: 'boss' });
    bench.socket.fire('muted', { publication: 'of somebody else' });
    assert.deepEqual(heard, ['microphone']);
    assert.equal(bench.room.locals[0].muted, true);
    assert.equal(bench.room.locals[0].track?.enabled, false);
    assert.equal(bench.socket.of('mute').length, 0);
  });

  test('ask to unmute, and change the role', () => {
    /** @type {string[]} */
    const asked = [];
    bench.room.on('asked', (source) => asked.push(source));
    bench.socket.fire('ask_unmute', { publication: 'p0', by: 'boss' });
    bench.socket.fire('grant', { role: 'moderator', can: {} });
    assert.deepEqual(asked, ['microphone']);
    assert.equal(bench.room.self?.role, 'moderator');
  });
});
