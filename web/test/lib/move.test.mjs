// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Bench } from './bench.mjs';
import { FakePeerConnection, joinAck, settle, track } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.room.leave());

const published = [{ mid: '10', publication: 'p0' }];
const part = { name: 'r.1', breakout: { main: 'r', rooms: [] } };

describe('a member who is moved', () => {
  test('joins there in its own place, with what it publishes', async () => {
    await bench.room.publish(track('video'), 'camera');
    bench.socket.answers.join = joinAck({ published, chat: [{ id: 'm1', ts: 1, name: 'Bo', text: 'here' }] });
    await bench.join();
    /** @type {string[]} */
    const told = [];
    bench.room.on('move', (e) => told.push(`move ${e.room}`));
    bench.room.on('moved', (name) => told.push(`moved ${name}`));
    bench.socket.answers.join = joinAck({
      session: 's2', key: 'k2', room: part, published: [{ mid: '10', publication: 'p9' }], chat: [{ id: 'm1', ts: 1, name: 'Cy', text: 'there' }],
    });
    bench.socket.fire('move', { room: 'r.1', token: 't1' });
    await settle();
    const [, second] = bench.socket.of('join');
    assert.equal(second.room, 'r.1');
    assert.equal(second.token, 't1');
    assert.equal(second.replaces, 's1');
    assert.equal(second.resume, undefined);
    assert.deepEqual(second.publish.map((/** @type {any} */ p) => p.source), ['camera']);
    assert.deepEqual(told, ['move r.1', 'moved r.1']);
    assert.equal(bench.room.name, 'r.1');
    assert.equal(bench.room.locals[0].id, 'p9');
    assert.deepEqual(bench.room.chat.lines.map((l) => l.text), ['there'], 'each room numbers its messages');
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [true, false]);
    assert.deepEqual(bench.states, ['joining', 'joined', 'joined']);

    // Of a part it comes back by way of the main room.
    bench.socket.lose();
    bench.socket.connect();
    await settle();
    const resumed = bench.socket.of('join')[2];
    assert.equal(resumed.room, 'r');
    assert.deepEqual(resumed.resume, { session: 's2', key: 'k2', rev: 7 });
    assert.equal(bench.room.name, 'r.1');
    assert.equal(FakePeerConnection.all.length, 2);

    bench.socket.answers.join = joinAck({ session: 's3', key: 'k3', published });
    await bench.room.follow({ room: 'r' });
    const back = bench.socket.of('join')[3];
    assert.equal(back.replaces, 's2');
    assert.equal(back.token, undefined);
    assert.equal(bench.room.name, 'r');
  });

  test('stays as it was if it is refused', async () => {
    await bench.room.publish(track('video'), 'camera');
    bench.socket.answers.join = joinAck({ published });
    await bench.join();
    const [local] = bench.room.locals;
    const { transceiver } = local;
    bench.socket.answers.join = { ok: false, code: 'room_ended', message: 'over' };
    await assert.rejects(bench.room.follow({ room: 'r.1' }), { code: 'room_ended' });
    assert.equal(bench.room.state, 'joined');
    assert.equal(bench.room.name, 'r');
    assert.equal(local.id, 'p0');
    assert.equal(local.transceiver, transceiver);
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [false, true]);
    await bench.room.mute('camera', true);
    assert.deepEqual(bench.socket.of('mute'), [{ publication: 'p0', muted: true }]);
    bench.socket.lose();
    bench.socket.answers.join = joinAck({ published });
    bench.socket.connect();
    await settle();
    assert.deepEqual(bench.socket.of('join')[2].resume.session, 's1');
  });

  describe('while it goes', () => {
    /** @type {(ack: any) => void} */
    let answer;
    /** @type {Promise<void>} */
    let going;
    beforeEach(async () => {
      await bench.room.publish(track('video'), 'screen');
      bench.socket.answers.join = joinAck({ published });
      await bench.join();
      bench.socket.answers.join = () => new Promise((done) => (answer = done));
      going = bench.room.follow({ room: 'r.1' });
      await settle();
    });
    const sources = () => bench.socket.of('offer').flatMap((o) => o.publish.map((/** @type {any} */ p) => p.source));
    const refuse = async () => {
      answer({ ok: false, code: 'room_ended' });
      await assert.rejects(going, { code: 'room_ended' });
      await settle();
    };

    test('what it begins to publish is published there', async () => {
      await bench.room.publish(track('audio'), 'microphone');
      answer(joinAck({ session: 's2', room: part, published }));
      await going;
      await settle();
      assert.deepEqual(sources(), ['microphone']);
      const [, there] = FakePeerConnection.all;
      assert.ok(bench.room.locals.every((l) => l.id && l.transceiver && there.transceivers.includes(l.transceiver)));
    });

    test('what it begins to publish is published here if it is refused', async () => {
      await bench.room.publish(track('audio'), 'microphone');
      await refuse();
      assert.deepEqual(sources(), ['microphone']);
      assert.ok(bench.room.locals.every((l) => l.id));
    });

    test('what it changes and stops holds if it is refused', async () => {
      const { sender } = FakePeerConnection.all[0].transceivers[10];
      const other = track('video');
      await bench.room.replace('screen', other);
      await bench.room.mute('screen', true);
      await refuse();
      assert.equal(sender.track, other);
      assert.deepEqual(bench.socket.of('mute'), [{ publication: 'p0', muted: true }]);
    });

    test('what it stops is stopped if it is refused', async () => {
      bench.socket.fire('state', { rev: 8, publications: { add: [{ id: 'p0', member: 'me', kind: 'video', source: 'screen' }] } });
      await bench.room.unpublish('screen');
      await refuse();
      assert.equal(FakePeerConnection.all[0].transceivers[10].stopped, true);
      assert.deepEqual(bench.socket.of('unpublish'), [{ publication: 'p0' }]);
    });
  });

  test('takes no message along that was written before', async () => {
    await bench.join();
    const written = bench.room.send('for this room');
    bench.socket.lose();
    bench.socket.answers.join = joinAck({ room: { name: 'other' } }); // where the server has put us meanwhile
    bench.socket.connect();
    await assert.rejects(written, { code: 'moved' });
    await settle();
    assert.equal(bench.room.name, 'other');
    assert.deepEqual(bench.socket.of('new_message').map((m) => m.text), ['for this room'], 'it was sent once, in the room before');
  });

  test('waits for the messages that are under way', async () => {
    await bench.join();
    /** @type {(ack: any) => void} */
    let answer = () => {};
    bench.socket.answers.new_message = () => new Promise((done) => (answer = done));
    const written = bench.room.send('for this room');
    bench.socket.answers.join = joinAck({ session: 's2', key: 'k2', room: part });
    const going = bench.room.follow({ room: 'r.1' });
    await settle();
    assert.equal(bench.socket.of('join').length, 1);
    answer({ ok: true, id: 'm1', ts: 1 });
    assert.equal((await written).text, 'for this room');
    await going;
    assert.deepEqual(bench.room.chat.lines, [], 'it is a line of the room before');
  });

  test('comes back to where it was if the connection is lost on the way', async () => {
    await bench.join();
    bench.socket.answers.join = undefined;
    const going = bench.room.follow({ room: 'r.1' });
    await settle();
    bench.socket.lose();
    await assert.rejects(going, { code: 'offline' });
    bench.socket.answers.join = joinAck();
    bench.socket.connect();
    await settle();
    assert.equal(bench.socket.of('join')[2].room, 'r');
    assert.equal(bench.room.state, 'joined');
    assert.deepEqual(FakePeerConnection.all.map((pc) => pc.closed), [false, true]);
  });

  test('goes to one room after the other', async () => {
    await bench.join();
    bench.socket.answers.join = (/** @type {any} */ a) => joinAck({ session: `of ${a.room}`, room: { name: a.room } });
    bench.socket.fire('move', { room: 'a' });
    bench.socket.fire('move', { room: 'b' });
    await settle();
    await settle();
    assert.deepEqual(bench.socket.of('join').slice(1).map((a) => [a.room, a.replaces]), [['a', 's1'], ['b', 'of a']]);
  });
});
