// @ts-check
// Bytes between members: two real browsers with data channels and a member that
// has nothing but events.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp, ghost, open, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

after(cleanUp);

/**
 * Joins a room with the library alone, and notes what comes.
 * @param {Page} page @param {string} name
 * @returns {Promise<string>} the member's id
 */
function enter(page, name) {
  return page.evaluate(async (name) => {
    const { Room } = await import(/** @type {string} */ ('/lib/switchyard.js'));
    const room = new Room();
    /** @type {string[]} */
    const got = [];
    room.on('data', (/** @type {any} */ d) => got.push(`${d.topic} ${d.member} ${d.reliable} ${[...d.bytes]}`));
    Object.assign(globalThis, { room, got });
    await room.join({ room: 'data', name });
    return room.self.id;
  }, name);
}

/** @param {Page} page @param {string} topic @param {number[]} bytes @param {object} [o] */
const send = (page, topic, bytes, o) =>
  page.evaluate(([topic, bytes, o]) => /** @type {any} */ (globalThis).room.sendData(topic, Uint8Array.from(/** @type {number[]} */ (bytes)), o), /** @type {const} */ ([topic, bytes, o]));

/** @param {Page} page @returns {Promise<string[]>} */
const got = (page) => page.evaluate(() => /** @type {any} */ (globalThis).got.splice(0));

/** Sends until it goes through the channels. @param {Page} page */
async function settle(page) {
  await send(page, 'warm', []);
  await until('the association is up', () => page.evaluate(async () => {
    const stats = await /** @type {any} */ (globalThis).room.pc.getStats();
    return [...stats.values()].filter((s) => s.type === 'data-channel' && s.state === 'open').length === 2;
  }));
  await send(page, 'warm', []);
}

test('data reaches browsers through channels and others by events, both ways', { timeout: 60_000 }, async () => {
  const { url } = await startServer();
  const browser = await startBrowser();
  const [ana, bo] = [await open(browser, url), await open(browser, url)];
  const [anaId, boId] = [await enter(ana, 'Ana'), await enter(bo, 'Bo')];
  const cy = await ghost(url, 'data', 'Cy');
  const cyId = await ana.evaluate(() => new Promise((done) => {
    const { room } = /** @type {any} */ (globalThis);
    const look = () => room.members[2] && done(room.members[2].id);
    room.on('roster', look);
    look();
  }));
  /** @type {any[]} */
  const events = [];
  cy.on('data', (/** @type {any} */ e) => events.push(e));
  await settle(ana);
  await settle(bo);
  await until('what went before is there', async () => events.filter((e) => e.topic === 'warm').length === 4);
  await got(ana);
  await got(bo);
  events.length = 0;

  const sent = (/** @type {Page} */ page) => page.evaluate(async () => {
    const stats = await /** @type {any} */ (globalThis).room.pc.getStats();
    return [...stats.values()].filter((s) => s.type === 'data-channel').reduce((n, s) => n + s.messagesSent, 0);
  });
  await send(ana, 't', [0, 255, 1]);
  await send(ana, 'm', [7], { to: [boId], reliable: false });
  await until('Bo has both', async () => {
    const list = await got(bo);
    await bo.evaluate((list) => /** @type {any} */ (globalThis).got.unshift(...list), list);
    return list.length === 2;
  });
  assert.deepEqual((await got(bo)).sort(), [`m ${anaId} false 7`, `t ${anaId} true 0,255,1`]);
  await until('both went through the channels, after one of settling', async () => await sent(ana) === 3); // Chromium keeps statistics for a while
  await until('Cy has one', async () => events.length === 1);
  assert.deepEqual([events[0].sender, events[0].topic, events[0].payload], [anaId, 't', 'AP8B']);

  const ack = await cy.emitWithAck('data', { topic: 'back', payload: 'AgM=', to: [anaId] });
  assert.equal(ack.ok, true);
  await until('Ana has it', () => ana.evaluate(() => /** @type {any} */ (globalThis).got.length === 1));
  assert.deepEqual(await got(ana), [`back ${cyId} true 2,3`]);

  const many = await ana.evaluate(async (to) => {
    for (let i = 0; i < 250; i++) {
      await /** @type {any} */ (globalThis).room.sendData('n', Uint8Array.of(i), { to: [to] });
    }
    return 250;
  }, boId);
  await until('all came', () => bo.evaluate((many) => /** @type {any} */ (globalThis).got.length === many, many), 20_000);
  assert.deepEqual((await got(bo)).map((s) => Number(s.split(' ')[3])), Array.from({ length: many }, (_, i) => i), 'in order');
});
