// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { upload } from '../../static/lib/files.js';
import { Bench, bo } from './bench.mjs';
import { joinAck, settle } from './fakes.mjs';

/** An XMLHttpRequest that a test answers by hand. */
class FakeRequest {
  /** @type {FakeRequest[]} */
  static all = [];
  /** @type {Record<string, string>} */
  headers = {};
  upload = {};
  status = 0;
  /** @type {any} */
  response = null;
  /** @type {any} */
  body = null;
  /** Set by who sends. @type {() => void} */
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  onloadend = () => {};

  constructor() {
    FakeRequest.all.push(this);
  }

  /** @param {string} method @param {string} url */
  open(method, url) {
    this.to = `${method} ${url}`;
  }

  /** @param {string} name @param {string} value */
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  /** @param {any} body */
  send(body) {
    this.body = body;
  }

  abort() {
    this.onabort();
    this.onloadend();
  }

  /** @param {number} status @param {any} response */
  answer(status, response) {
    Object.assign(this, { status, response });
    this.onload();
    this.onloadend();
  }
}

const attachment = { id: 'f1', name: 'plan b.pdf', size: 3, type: 'application/pdf' };

/** @type {Bench} */
let bench;
beforeEach(async () => {
  FakeRequest.all = [];
  Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
  bench = new Bench();
  bench.socket.answers.join = joinAck({
    members: [{ id: 'me', name: 'Ana' }, bo],
    chat: [{ id: 'm1', ts: 1, sender: 'bo', name: 'Bo', text: 'plan b.pdf', attachment }],
  });
  await bench.join();
});
afterEach(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'));

describe('files', () => {
  test('come with a message that says where they are', () => {
    const [line] = bench.room.chat.lines;
    assert.deepEqual(line, { id: 'm1', ts: 1, name: 'Bo', text: 'plan b.pdf', own: false, sender: 'bo', attachment: { ...attachment, url: '/files/r/f1' } });
  });

  test('are sent with a proof of who we are, and become a line', async () => {
    /** @type {number[]} */
    const progress = [];
    const sent = bench.room.sendFile(new File(['abc'], 'plan b.pdf', { type: 'application/pdf' }), { to: 'bo', onprogress: (f) => progress.push(f) });
    const [request] = FakeRequest.all;
    assert.equal(request.to, 'POST /files/r?name=plan+b.pdf&to=bo');
    assert.deepEqual(request.headers, { Authorization: 'Bearer s1.k1', 'Content-Type': 'application/pdf' });
    assert.equal(request.body.size, 3);
    /** @type {any} */ (request.upload).onprogress({ lengthComputable: true, loaded: 1, total: 4 });
    request.answer(201, { id: 'm2', ts: 2, sender: 'me', name: 'Ana', text: 'plan b.pdf', to: 'bo', attachment });
    const line = await sent;
    assert.deepEqual(progress, [0.25]);
    assert.equal(line.own, true);
    assert.equal(line.to, 'bo');
    assert.equal(line.attachment?.url, '/files/r/f1');
    assert.equal(bench.room.chat.lines.at(-1), line);
  });

  test('are refused with a code', async () => {
    const file = new File(['abc'], 'x');
    const large = bench.room.sendFile(file);
    FakeRequest.all[0].answer(413, { code: 'too_large', detail: 'no' });
    await assert.rejects(large, { name: 'RoomError', code: 'too_large' });
    const broken = bench.room.sendFile(file);
    FakeRequest.all[1].onerror();
    await assert.rejects(broken, { code: 'offline' });
    const nonsense = bench.room.sendFile(file);
    FakeRequest.all[2].answer(502, null);
    await assert.rejects(nonsense, { code: 'internal' });
    await assert.rejects(bench.room.sendFile(/** @type {any} */ ({ name: 'x', size: (10 << 20) + 1 })), { code: 'too_large' });
    bench.socket.lose();
    await assert.rejects(bench.room.sendFile(file), { code: 'not_joined' });
    assert.equal(FakeRequest.all.length, 3);
  });

  test('fail if nothing gets through', { timeout: 10_000 }, async () => {
    const place = { url: '', room: 'r', seat: { session: 's1', key: 'k1' }, patience: 20 };
    const silent = upload(place, new File(['abc'], 'x'), {});
    await assert.rejects(silent, { code: 'timeout' });
    const slow = upload(place, new File(['abc'], 'x'), {});
    const [, request] = FakeRequest.all;
    let steps = 0;
    await new Promise((done) => {
      const timer = setInterval(() => {
        /** @type {any} */ (request.upload).onprogress({ lengthComputable: true, loaded: ++steps, total: 100 });
        if (steps === 30) {
          done(clearInterval(timer));
        }
      }, 2);
    });
    request.answer(201, { id: 'm2', ts: 2, text: 'x', attachment });
    assert.equal((await slow).id, 'm2', 'however long it takes');
  });

  test('stay out of a room for which they were not sent', async () => {
    const file = new File(['abc'], 'x');
    const [cut, late] = [bench.room.sendFile(file), bench.room.sendFile(file)];
    bench.socket.answers.join = joinAck({ session: 's2', key: 'k2', room: { name: 'other' } });
    await bench.room.follow({ room: 'other' });
    FakeRequest.all[0].answer(401, { code: 'unauthorized' });
    await assert.rejects(cut, { code: 'moved' });
    FakeRequest.all[1].answer(201, { id: 'm9', ts: 9, sender: 'me', name: 'Ana', text: 'x', attachment });
    assert.equal((await late).id, 'm9');
    assert.deepEqual(bench.room.chat.lines, []);
  });

  test('can be stopped', async () => {
    const stop = new AbortController();
    const sent = bench.room.sendFile(new File(['abc'], 'x'), { signal: stop.signal });
    stop.abort();
    await assert.rejects(sent, { code: 'aborted' });
    await settle();
    await assert.rejects(bench.room.sendFile(new File(['abc'], 'x'), { signal: stop.signal }), { code: 'aborted' });
  });
});
