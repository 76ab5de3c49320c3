// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { RoomError } from '../../static/lib/errors.js';
import { Signalling, options } from '../../static/lib/signalling.js';
import { FakeSocket } from './fakes.mjs';
/** @import {Transport} from '../../static/lib/types.js' */

/** @type {FakeSocket} */
let socket;
/** What was said to work. @type {string[]} */
let worked;

beforeEach(() => {
  socket = new FakeSocket();
  worked = [];
});

/** @param {Transport} [transport] */
const make = (transport) => {
  const s = new Signalling({ transport, connect: () => /** @type {any} */ (socket) });
  s.on('transport', (t) => worked.push(t));
  return s;
};

test('signalling never buffers', async () => {
  const s = make();
  await assert.rejects(s.request('subscribe', {}), { code: 'offline' });
  assert.deepEqual(socket.sent, []);
  s.open();
  const waiting = s.request('subscribe', {});
  socket.lose();
  await assert.rejects(waiting, { code: 'offline' });
  socket.connect();
  assert.equal(socket.sent.length, 1, 'and nothing is replayed');
});

test('a refusal carries code, message and delay', async () => {
  socket.answers.offer = { ok: false, code: 'rate_limited', message: 'slow down', retry_after_ms: 250 };
  const s = make();
  s.open();
  await assert.rejects(s.request('offer', {}), (/** @type {RoomError} */ e) =>
    e.code === 'rate_limited' && e.message === 'slow down' && e.retryAfter === 250);
});

test('reconnection is quick and never ends', () => {
  assert.equal(options.reconnectionDelay, 250);
  assert.equal(options.reconnectionDelayMax, 5000);
  assert.equal(options.randomizationFactor, 0.5);
  assert.equal(options.reconnectionAttempts, Infinity);
});

describe('a connection is tried', () => {
  /** What comes first in the next try, and how long it may take. */
  const next = () => `${socket.io.opts.transports?.join('+')} ${socket.io.limit}`;
  const fail = () => socket.fire('connect_error', new Error('websocket error'));
  const open = (/** @type {string} */ name) => {
    socket.io.engine.transport.name = name;
    socket.connect();
  };
  const websocket = 'websocket 4000';
  const polling = 'polling+websocket 10000';

  test('with the other transport after each failure', () => {
    make();
    const tried = [0, 1, 2, 3].map(() => [next(), fail()][0]);
    assert.deepEqual(tried, [websocket, polling, websocket, polling]);
    assert.deepEqual(worked, []);
  });

  test('first with what worked last, which is told', () => {
    make();
    fail();
    open('polling');
    assert.deepEqual([next(), worked], [polling, ['polling']]);
    socket.lose();
    assert.equal(next(), polling);
    fail();
    assert.equal(next(), websocket);
    fail();
    assert.equal(next(), polling);
    open('polling');
    assert.deepEqual(worked, ['polling']);
  });

  test('first with what it is told', () => {
    make('polling');
    assert.equal(next(), polling);
    open('polling');
    assert.deepEqual(worked, [], 'nothing new');
  });

  test('with a WebSocket again once polling has turned into one', () => {
    make('polling');
    open('polling');
    socket.io.engine.upgraded();
    assert.deepEqual([next(), worked], [websocket, ['websocket']]);
  });

  test('with the other one after one that opened and let nothing through', () => {
    make();
    socket.lose();
    assert.equal(next(), polling);
    open('websocket');
    socket.lose();
    assert.equal(next(), websocket, 'this one did');
  });
});
