// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listRooms, lookAt } from '../../static/lib/switchyard.js';

/** A fetch that answers once. @param {any} body @param {number} [status] */
function answer(body, status = 200) {
  /** @type {any[]} */
  const asked = [];
  const fetch = async (/** @type {any} */ url, /** @type {any} */ init) => {
    asked.push({ url, headers: init.headers });
    return new Response(JSON.stringify(body), { status });
  };
  return { asked, fetch };
}

test('rooms are listed', async () => {
  const { asked, fetch } = answer({ rooms: [{ name: 'lounge', members: 3 }] });
  assert.deepEqual(await listRooms({ fetch }), [{ name: 'lounge', members: 3 }]);
  assert.deepEqual(asked, [{ url: '/rooms', headers: {} }]);
});

test('a room is looked at, with what opens it', async () => {
  const room = { name: 'a.b', members: 1, names: ['Bo'], locked: false, lobby: false, caps: [] };
  const { asked, fetch } = answer(room);
  assert.deepEqual(await lookAt('a.b', { fetch, token: 't', url: 'https://meet.example' }), room);
  assert.deepEqual(asked, [{ url: 'https://meet.example/rooms/a.b', headers: { Authorization: 'Bearer t' } }]);
});

test('what goes wrong has a code', async () => {
  await assert.rejects(lookAt('r', { fetch: answer({ code: 'rate_limited', retry_after_ms: 200 }, 429).fetch }), { code: 'rate_limited', retryAfter: 200 });
  await assert.rejects(lookAt('r', { fetch: answer(null, 502).fetch }), { code: 'internal' });
  await assert.rejects(listRooms({ fetch: async () => { throw new TypeError('offline'); } }), { code: 'offline' });
});
