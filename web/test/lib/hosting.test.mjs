// @ts-check
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Bench } from './bench.mjs';
import { joinAck, settle } from './fakes.mjs';

/** @type {Bench} */
let bench;
beforeEach(async () => {
  bench = new Bench();
  bench.socket.answers.mod = { ok: true };
  await bench.join();
});

describe('hosting', () => {
  test('sends what moderators do', async () => {
    const { hosting } = bench.room;
    await Promise.all([
      hosting.kick('bo'), hosting.ban('bo', 5), hosting.ban('bo'), hosting.unban('bo'), hosting.mute('p1'), hosting.muteAll(), hosting.askUnmute('p1'),
      hosting.grant('bo', { chat: true }), hosting.promote('bo'), hosting.demote('bo'), hosting.spotlight('p1'), hosting.spotlight(null),
      hosting.admit('T'), hosting.deny('T'), hosting.lock(true), hosting.lock(false), hosting.lobby(false), hosting.record(true), hosting.record(false), hosting.end(),
    ]);
    assert.deepEqual(bench.socket.of('mod').map((a) => JSON.stringify(a)), [
      '{"op":"kick","member":"bo"}', '{"op":"ban","member":"bo","until":5}', '{"op":"ban","member":"bo"}', '{"op":"unban","member":"bo"}',
      '{"op":"mute","publication":"p1"}', '{"op":"mute_all"}', '{"op":"ask_unmute","publication":"p1"}',
      '{"op":"grant","member":"bo","can":{"chat":true}}', '{"op":"promote","member":"bo"}', '{"op":"demote","member":"bo"}',
      '{"op":"spotlight","publication":"p1"}', '{"op":"spotlight"}', '{"op":"admit","ticket":"T"}', '{"op":"deny","ticket":"T"}',
      '{"op":"lock"}', '{"op":"unlock"}', '{"op":"lobby","on":false}', '{"op":"record"}', '{"op":"stop_record"}', '{"op":"end"}',
    ]);
  });

  test('divides a room and unites it', async () => {
    bench.socket.answers.breakout = { ok: true };
    const { hosting } = bench.room;
    await hosting.divide([{ name: 'Red', members: ['bo'] }, { name: 'Blue' }], 5);
    await hosting.assign([{ name: '', members: ['bo'] }]);
    await hosting.tellRooms('two minutes');
    await hosting.unite();
    assert.deepEqual(bench.socket.of('breakout').map((a) => JSON.stringify(a)), [
      '{"op":"open","rooms":[{"name":"Red","members":["bo"]},{"name":"Blue"}],"ends":5}',
      '{"op":"assign","rooms":[{"name":"","members":["bo"]}]}', '{"op":"message","text":"two minutes"}', '{"op":"close"}',
    ]);
  });

  test('tells a refusal by its code', async () => {
    bench.socket.answers.mod = { ok: false, code: 'forbidden', message: 'no' };
    await assert.rejects(bench.room.hosting.kick('bo'), { name: 'RoomError', code: 'forbidden' });
  });

  test('makes and withdraws invitations', async () => {
    bench.socket.answers.invite = { ok: true, id: 'inv-1', url: '/?room=r#token=t' };
    assert.deepEqual(await bench.room.hosting.invite({ role: 'guest', uses: 2 }), { id: 'inv-1', url: '/?room=r#token=t' });
    await bench.room.hosting.revoke('inv-1');
    assert.deepEqual(bench.socket.of('invite'), [{ role: 'guest', uses: 2 }, { revoke: 'inv-1' }]);
  });

  test('knows who waits, until they do not or we may not decide', async () => {
    const { hosting } = bench.room;
    /** @type {string[]} */
    const log = [];
    hosting.on('knock', (e) => log.push(`${e.gone ? '-' : '+'}${e.name} ${hosting.waiting.map((w) => w.name)}`));
    const knock = (/** @type {object} */ e) => bench.socket.fire('knock', e);
    knock({ ticket: '1', name: 'Bo' });
    knock({ ticket: '2', name: 'Cy' });
    knock({ ticket: '1', name: 'Bo' });
    knock({ ticket: '1', name: 'Bo', gone: true });
    knock({ ticket: '1', name: 'Bo', gone: true });
    bench.socket.lose();
    bench.socket.connect();
    await settle();
    knock({ ticket: '2', name: 'Cy' });
    bench.socket.fire('grant', { role: 'moderator', can: { moderate: true } });
    assert.deepEqual(hosting.waiting, [{ ticket: '2', name: 'Cy' }]);
    bench.socket.fire('grant', { role: 'guest', can: {} });
    assert.deepEqual(hosting.waiting, []);
    assert.deepEqual(log, ['+Bo Bo', '+Cy Bo,Cy', '-Bo Cy', '-Cy ', '+Cy Cy', '-Cy ']);
  });

  test('who waits at the door of the room before does not wait here', async () => {
    const { hosting } = bench.room;
    bench.socket.fire('knock', { ticket: '1', name: 'Bo' });
    bench.socket.answers.join = joinAck({ session: 's2', room: { name: 'r.1' } });
    await bench.room.follow({ room: 'r.1' });
    assert.deepEqual(hosting.waiting, []);
    bench.socket.fire('knock', { ticket: '2', name: 'Cy' }); // told after the join
    assert.deepEqual(hosting.waiting, [{ ticket: '2', name: 'Cy' }]);
  });

  test('the room says what it is like', async () => {
    const room = { name: 'r', locked: false };
    bench = new Bench();
    bench.socket.answers.join = joinAck({ room });
    /** @type {any[]} */
    const log = [];
    bench.room.on('info', (info) => log.push(info));
    assert.ok(bench.room.info === null);
    await bench.join();
    bench.socket.fire('state', { rev: 8, members: { add: [{ id: 'bo', name: 'Bo' }] } });
    bench.socket.fire('state', { rev: 9, room: { name: 'r', locked: true, spotlight: 'c1' } });
    assert.deepEqual(log, [room, { name: 'r', locked: true, spotlight: 'c1' }]);
    assert.deepEqual(bench.room.info, log[1]);
  });

  test('what the roster says of us is said of self', async () => {
    bench.socket.fire('state', { rev: 8, members: { set: [{ id: 'me', role: 'moderator', name: 'Anna' }] } });
    assert.equal(bench.room.self?.role, 'moderator');
    assert.equal(bench.room.self?.name, 'Anna');
  });
});
