// @ts-check
// A server with keys: who comes in by which link, and what moderators do to a page.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { atEnd, build, cleanUp, errorsOfPages, open, startBrowser, startServer, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  process.env.SWITCHYARD_AUTH_KEYS = execFileSync(build(), ['keygen'], { encoding: 'utf8' }).trim();
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/**
 * @param {string} name
 * @param {...string} more flags
 * @returns {string} a link
 */
const link = (name, ...more) =>
  execFileSync(build(), ['token', '--room', 'gate', '--name', name, '--url', server.url, ...more], { encoding: 'utf8' }).trim();

/** A moderator without media. */
async function moderator() {
  const token = link('Boss', '--moderator').split('#token=')[1];
  const socket = io(server.url, { transports: ['websocket'], forceNew: true, reconnection: false });
  atEnd(() => socket.disconnect());
  const ask = async (/** @type {string} */ name, /** @type {object} */ arg) => {
    const ack = await socket.timeout(10_000).emitWithAck(name, arg);
    assert.ok(ack.ok, `${name}: ${ack.code} ${ack.message}`);
    return ack;
  };
  const { self, session } = await ask('join', { v: 1, room: 'gate', name: 'Boss', token });
  return { socket, ask, self, session };
}

test('a link with a token opens the room, and the address keeps none', { timeout: 60_000 }, async () => {
  const boss = await moderator();
  const page = await open(browser, link('Ana'));
  assert.equal(new URL(page.url()).hash, '');
  await page.getByLabel('Your name').fill('Ana');
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await page.reload(); // the tab remembers the token
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(new URL(page.url()).hash, '');

  const state = await boss.ask('sync', {});
  const ana = state.members.find((/** @type {any} */ m) => m.name === 'Ana');
  const mic = state.publications.find((/** @type {any} */ p) => p.member === ana.id && p.kind === 'audio');
  await boss.ask('mod', { op: 'mute', publication: mic.id });
  await page.getByText('A moderator muted your microphone.').waitFor();
  await page.getByRole('button', { name: 'Microphone', pressed: false }).waitFor();
  await boss.ask('mod', { op: 'ask_unmute', publication: mic.id });
  await page.getByText('A moderator asks you to unmute your microphone.').waitFor();
  await page.getByRole('button', { name: 'Microphone', pressed: false }).click();
  await until('it is unmuted', async () => (await boss.ask('sync', {})).publications
    .some((/** @type {any} */ p) => p.id === mic.id && !p.muted));
  await boss.ask('mod', { op: 'kick', member: ana.id });
  await page.getByText('A moderator removed you from the room.').waitFor();
  await page.close();
  boss.socket.disconnect();
});

test('a page goes to a breakout room and back', { timeout: 60_000 }, async () => {
  const boss = await moderator();
  const page = await open(browser, link('Ana').replace('#', '&name=Ana&join#'));
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  /** Waits until Ana publishes in the room where the moderator is. @param {string} where */
  const publishes = async (where) => {
    let id = '';
    await until(`Ana publishes in ${where}`, async () => {
      const state = await boss.ask('sync', {});
      id = state.members.find((/** @type {any} */ m) => m.name === 'Ana')?.id;
      return state.room.name === where && state.publications.filter((/** @type {any} */ p) => p.member === id).length === 2;
    });
    return id;
  };
  /** The moderator goes where it is sent. @param {string} session @param {() => Promise<any>} sends */
  const follows = async (session, sends) => {
    /** @type {Promise<any>} */
    const sent = new Promise((done) => boss.socket.once('move', done));
    await sends();
    const { room, token } = await sent;
    return boss.ask('join', { v: 1, room, token, name: 'Boss', replaces: session });
  };
  const ana = await publishes('gate');
  await boss.ask('breakout', { op: 'open', rooms: [{ name: 'Red', members: [ana] }] });
  const there = await follows(boss.session, () => boss.ask('mod', { op: 'move', member: boss.self.id, room: 'gate.1' }));
  assert.equal(there.self.role, 'moderator');
  assert.equal(await publishes('gate.1'), ana);
  await page.reload(); // the address is that of the main room
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(await publishes('gate.1'), ana);
  await follows(there.session, () => boss.ask('breakout', { op: 'close' }));
  await publishes('gate');
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await boss.ask('mod', { op: 'kick', member: ana });
  await page.getByText('A moderator removed you from the room.').waitFor();
  await page.close();
  boss.socket.disconnect();
});

test('without a token, and in a lobby', { timeout: 60_000 }, async () => {
  const stranger = await open(browser, `${server.url}/?room=gate&name=Eve&join`);
  await stranger.getByText('You are not allowed to join this room.').waitFor();
  await stranger.goto(stranger.url() + new URL(link('Eve')).hash); // an invitation, opened in the same tab
  await stranger.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(new URL(stranger.url()).hash, '');
  await stranger.close();

  const boss = await moderator();
  await boss.ask('mod', { op: 'lobby' });
  /** @type {Promise<any>} */
  const knock = new Promise((done) => boss.socket.once('knock', done));
  const page = await open(browser, link('Bo').replace('#', '&name=Bo&join#'));
  await page.getByText('Waiting to be let in…').waitFor();
  const { ticket, name } = await knock;
  assert.equal(name, 'Bo');
  await boss.ask('mod', { op: 'admit', ticket });
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await boss.ask('mod', { op: 'end' });
  await page.getByText('A moderator ended the meeting.').waitFor();
  await page.close();
});

test('no page has reported an error', () => {
  assert.deepEqual(errorsOfPages(), []);
});
