// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat } from '../../static/lib/chat.js';
import { RoomError } from '../../static/lib/errors.js';
import { settle } from './fakes.mjs';

/** A chat whose requests a test answers by hand. */
function bench() {
  /** @type {{arg: any, done: (a: any) => void, failed: (e: Error) => void}[]} */
  const requests = [];
  /** @type {string[]} */
  const log = [];
  const chat = new Chat(
    (_, arg) => new Promise((done, failed) => requests.push({ arg, done, failed })),
    (l) => log.push(`${l.own ? 'You' : l.name}: ${l.text}`),
  );
  return { chat, requests, log };
}

test('one’s own line appears with the acknowledgement, not before', async () => {
  const { chat, requests, log } = bench();
  const sent = chat.send('hello');
  await settle();
  assert.deepEqual(log, []);
  chat.receive({ id: 'm1', ts: 1, text: 'hi' }, 'Bo');
  requests[0].done({ ok: true, id: 'm2', ts: 2 });
  assert.equal((await sent).id, 'm2');
  assert.deepEqual(log, ['Bo: hi', 'You: hello']);
});

test('a refused message is not shown, and the next one goes on', async () => {
  const { chat, requests, log } = bench();
  const first = chat.send('too fast');
  const second = chat.send('fine');
  await settle();
  assert.equal(requests.length, 1, 'in order, one at a time');
  requests[0].failed(new RoomError('rate_limited'));
  await assert.rejects(first, { code: 'rate_limited' });
  await settle();
  requests[1].done({ ok: true, id: 'm1', ts: 1 });
  await second;
  assert.deepEqual(log, ['You: fine']);
});

test('what was not acknowledged is sent again with the same cid', async () => {
  const { chat, requests, log } = bench();
  const sent = chat.send('are you there?');
  await settle();
  requests[0].failed(new RoomError('offline'));
  await settle();
  assert.equal(requests.length, 1, 'not before the room is joined again');
  chat.flush();
  await settle();
  assert.equal(requests[1].arg.cid, requests[0].arg.cid);
  requests[1].done({ ok: true, id: 'm1', ts: 1 });
  await sent;
  assert.deepEqual(log, ['You: are you there?']);
});

test('one that was not answered in time fails, and keeps its cid when it is sent again', async () => {
  const { chat, requests, log } = bench();
  const first = chat.send('hello?');
  await settle();
  requests[0].failed(new RoomError('timeout'));
  await assert.rejects(first, { code: 'timeout' });
  const second = chat.send('hello?');
  const other = chat.send('hello');
  await settle();
  assert.equal(requests[1].arg.cid, requests[0].arg.cid);
  requests[1].done({ ok: true, id: 'm1', ts: 1 });
  await second;
  await settle();
  assert.notEqual(requests[2].arg.cid, requests[0].arg.cid);
  requests[2].done({ ok: true, id: 'm2', ts: 2 });
  await other;
  assert.deepEqual(log, ['You: hello?', 'You: hello']);
  chat.send('hello?').catch(() => {});
  await settle();
  assert.notEqual(requests[3].arg.cid, requests[0].arg.cid, 'the same words, said anew');
});

test('what was written for a room is sent there, or nowhere', async () => {
  const { chat, requests, log } = bench();
  const [first, second] = [chat.send('one'), chat.send('two')];
  await settle();
  let held = false;
  const holding = chat.hold().then(() => (held = true));
  requests[0].done({ ok: true, id: 'm1', ts: 1 });
  await first;
  await settle();
  assert.equal(held, false, 'two is on its way still');
  requests[1].done({ ok: true, id: 'm2', ts: 2 });
  await second;
  await holding;
  const third = chat.send('three');
  await settle();
  assert.equal(requests.length, 2, 'nothing is sent on the way');
  chat.clear();
  await assert.rejects(third, { code: 'moved' });
  chat.release();
  await settle();
  assert.equal(requests.length, 2);
  chat.send('four').catch(() => {});
  await settle();
  assert.equal(requests[2].arg.text, 'four');
  assert.deepEqual(log, ['You: one', 'You: two']);
});

test('who does not go after all sends what was written meanwhile', async () => {
  const { chat, requests } = bench();
  await chat.hold();
  const sent = chat.send('here');
  chat.release();
  await settle();
  requests[0].done({ ok: true, id: 'm1', ts: 1 });
  assert.equal((await sent).text, 'here');
});

test('an answer that comes in another room is no line there, and its cid is not used again', async () => {
  const { chat, requests, log } = bench();
  const sent = chat.send('one');
  await settle();
  chat.clear();
  await assert.rejects(sent, { code: 'moved' });
  requests[0].done({ ok: true, id: 'm1', ts: 1 });
  await settle();
  assert.deepEqual([log, chat.lines], [[], []]);
  const again = chat.send('one');
  await settle();
  assert.notEqual(requests[1].arg.cid, requests[0].arg.cid);
  requests[1].done({ ok: true, id: 'm1', ts: 1 });
  await again;
  assert.deepEqual(log, ['You: one']);
});

test('cids differ, and are ids', async () => {
  const { chat, requests } = bench();
  chat.send('a').catch(() => {});
  await settle();
  requests[0].done({ ok: true, id: 'm1', ts: 1 });
  chat.send('a').catch(() => {});
  await settle();
  const [a, b] = requests.map((r) => r.arg.cid);
  assert.notEqual(a, b);
  assert.match(a, /^[A-Za-z0-9_-]{1,32}$/);
});

test('a message that is known is not shown twice', async () => {
  const { chat, requests, log } = bench();
  chat.receive({ id: 'm1', ts: 1, text: 'hi' }, 'Bo');
  chat.receive({ id: 'm1', ts: 1, text: 'hi' }, 'Bo');
  const sent = chat.send('hello');
  await settle();
  chat.receive({ id: 'm2', ts: 2, text: 'hello' }, 'Ana', true); // history of a join anew
  requests[0].done({ ok: true, id: 'm2', ts: 2 });
  await sent;
  assert.deepEqual(log, ['Bo: hi', 'You: hello']);
});

test('length is checked before anything is sent', async () => {
  const { chat, requests } = bench();
  await assert.rejects(chat.send(''), { code: 'too_large' });
  await assert.rejects(chat.send('x'.repeat(4001)), { code: 'too_large' });
  assert.equal(requests.length, 0);
});

test('closing gives up what waits', async () => {
  const { chat } = bench();
  const sent = chat.send('late');
  chat.close();
  await assert.rejects(sent, { code: 'closed' });
});

test('a line that was missed takes its place among newer ones', () => {
  const { chat } = bench();
  for (const ts of [1, 4, 5, 2, 3, 5]) {
    chat.receive({ id: `m${ts}-${chat.lines.length}`, ts, text: `${ts}` }, 'Bo');
  }
  assert.deepEqual(chat.lines.map((l) => l.id), ['m1-0', 'm2-3', 'm3-4', 'm4-1', 'm5-2', 'm5-5']);
});

test('a message to one says so, and the same words to all are another message', async () => {
  const { chat, requests } = bench();
  const one = chat.sendTo('bo', 'hello?');
  await settle();
  assert.deepEqual({ ...requests[0].arg, cid: '' }, { cid: '', text: 'hello?', to: 'bo' });
  requests[0].failed(new RoomError('timeout'));
  await assert.rejects(one, { code: 'timeout' });
  const all = chat.send('hello?');
  await settle();
  assert.notEqual(requests[1].arg.cid, requests[0].arg.cid);
  assert.equal('to' in requests[1].arg, false);
  requests[1].done({ ok: true, id: 'm1', ts: 1 });
  await all;
  const again = chat.sendTo('bo', 'hello?');
  await settle();
  requests[2].done({ ok: true, id: 'm2', ts: 2 });
  assert.equal((await again).to, 'bo');
  chat.receive({ id: 'm3', ts: 3, text: 'yes', sender: 'bo', to: 'me' }, 'Bo');
  assert.deepEqual(chat.lines.at(-1), { id: 'm3', ts: 3, name: 'Bo', text: 'yes', own: false, sender: 'bo', to: 'me' });
});
