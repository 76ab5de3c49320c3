// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { hands } from '../../static/lib/switchyard.js';
import { Bench, bo } from './bench.mjs';
import { joinAck, settle } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(async () => {
  bench = new Bench();
  for (const event of ['hand', 'react', 'set', 'mod']) {
    bench.socket.answers[event] = { ok: true };
  }
  bench.socket.answers.caption = { ok: true, id: 'c1', ts: 1 };
  bench.socket.answers.join = joinAck({ members: [{ id: 'me', name: 'Ana' }, bo], polls: [poll('q1', { choice: 1 })], can: { chat: true } });
  await bench.join();
});

/** A poll as the server tells it. @param {string} id @param {object} [parts] */
const poll = (id, parts = {}) => ({ id, ts: 1, by: 'bo', question: '?', choices: ['a', 'b'], counts: [0, 1], secret: false, closed: false, ...parts });

describe('talk', () => {
  test('sends what is said beside the chat', async () => {
    const { room, socket } = bench;
    await room.talk.raise(true);
    await room.talk.lowerHand('bo');
    await room.talk.lowerHand();
    await room.talk.react('👍');
    await room.talk.caption('good morning', true, 'en');
    await room.setName('Anna');
    await room.setAttributes({ mood: 'fine' });
    assert.deepEqual(socket.sent.slice(1).filter((s) => s.name !== 'subscribe').map((s) => `${s.name} ${JSON.stringify(s.arg)}`), [
      'hand {"up":true}', 'mod {"op":"lower_hand","member":"bo"}', 'mod {"op":"lower_hand"}', 'react {"emoji":"👍"}',
      'caption {"text":"good morning","final":true,"lang":"en"}', 'set {"name":"Anna"}', 'set {"attrs":{"mood":"fine"}}',
    ]);
    socket.answers.react = { ok: false, code: 'rate_limited', retry_after_ms: 300 };
    await assert.rejects(room.talk.react('👍'), { code: 'rate_limited', retryAfter: 300 });
  });

  test('hears what others say', () => {
    /** @type {any[]} */
    const log = [];
    bench.room.talk.on('reaction', (e) => log.push(e.emoji));
    bench.room.talk.on('caption', (e) => log.push(e.text));
    bench.socket.fire('react', { id: 'r1', ts: 1, sender: 'bo', emoji: '🎉' });
    bench.socket.fire('caption', { id: 'c1', ts: 1, sender: 'bo', text: 'hello', final: false, lang: '' });
    assert.deepEqual(log, ['🎉', 'hello']);
  });

  test('hands are in the order in which they were raised', () => {
    bench.socket.fire('state', { rev: 8, members: { set: [{ id: 'me', hand: 20 }, { id: 'bo', hand: 10 }] } });
    assert.deepEqual(hands(bench.room.members).map((m) => m.id), ['bo', 'me']);
    bench.socket.fire('state', { rev: 9, members: { set: [{ id: 'bo', hand: 0 }] } });
    assert.deepEqual(hands(bench.room.members).map((m) => m.id), ['me']);
    assert.equal(bench.room.self?.hand, 20);
  });

  test('polls are known from the join on, with one’s own vote', async () => {
    const { talk } = bench.room;
    /** @type {string[]} */
    const log = [];
    talk.on('poll', (p) => log.push(`${p.id} ${p.counts} ${p.choice} ${p.closed}`));
    assert.deepEqual(talk.polls.map((p) => [p.id, p.choice]), [['q1', 1]]);
    bench.socket.answers.poll = (/** @type {any} */ a) => ({ ok: true, id: a.id ?? 'q2' });
    assert.equal(await talk.openPoll('?', ['a', 'b'], { secret: true }), 'q2');
    bench.socket.fire('poll', poll('q2', { counts: [0, 0], secret: true }));
    await talk.vote('q2', 0);
    bench.socket.fire('poll', poll('q2', { counts: [1, 0], secret: true }));
    await talk.closePoll('q2');
    bench.socket.fire('poll', poll('q2', { counts: [1, 0], secret: true, closed: true }));
    assert.deepEqual(log, ['q2 0,0 undefined false', 'q2 0,0 0 false', 'q2 1,0 0 false', 'q2 1,0 0 true']);
    assert.deepEqual(bench.socket.of('poll'), [
      { op: 'open', question: '?', choices: ['a', 'b'], secret: true }, { op: 'vote', id: 'q2', choice: 0 }, { op: 'close', id: 'q2' },
    ]);
  });

  test('what changed while we were away is told after it', async () => {
    /** @type {string[]} */
    const log = [];
    bench.room.talk.on('poll', (p) => log.push(`${p.id} ${p.closed}`));
    bench.socket.answers.join = joinAck({ polls: [poll('q1', { choice: 1 }), poll('q2', { closed: true })] });
    bench.socket.lose();
    bench.socket.connect();
    await settle();
    assert.deepEqual(log, ['q2 true']);
  });

  test('connections are good until the server says otherwise', async () => {
    const { talk } = bench.room;
    let told = 0;
    talk.on('quality', () => told++);
    assert.deepEqual(talk.quality('bo'), { member: 'bo', q: 3 });
    bench.socket.fire('quality', { list: [{ member: 'bo', q: 1, why: 'uplink_loss' }] });
    assert.deepEqual(talk.quality('bo'), { member: 'bo', q: 1, why: 'uplink_loss' });
    bench.socket.fire('state', { rev: 8, members: { del: [{ id: 'bo', why: 'lost' }] } });
    bench.socket.fire('state', { rev: 9, members: { add: [bo] } });
    assert.equal(talk.quality('bo').q, 3, 'who comes back is good');
    bench.socket.fire('quality', { list: [{ member: 'bo', q: 0, why: 'silence' }] });
    bench.socket.lose();
    assert.equal(talk.quality('bo').q, 3, 'nothing is known without a connection');
    assert.equal(told, 4);
  });

  test('rights are told by the join and when they change', () => {
    assert.deepEqual(bench.room.can, { chat: true });
    assert.deepEqual(bench.room.caps, ['resume']);
    bench.socket.fire('grant', { role: 'moderator', can: { chat: true, moderate: true } });
    assert.deepEqual({ ...bench.room.can }, { chat: true, moderate: true });
  });
});
