// @ts-check
// A page whose machine gets another address, in a network namespace that has
// nothing but this server: as when one walks out of the reach of a Wi-Fi.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { receivedOf, seesAndHears } from './measure.mjs';
import { atEnd, cleanUp, executablePath, fakeConsent, fakeDevices, join, out, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

after(cleanUp);

/** Without root there are no namespaces. */
const skip = process.getuid?.() === 0 ? false : 'needs root';
const name = `sw${process.pid}`;

/** @param {string} command */
function ip(command) {
  const r = spawnSync('ip', command.split(' '), { encoding: 'utf8' });
  assert.equal(r.status, 0, `ip ${command}: ${r.stderr}`);
}

/** A namespace at the other end of a cable; both ends have addresses of 10.219.7.0/24. */
function plug() {
  ip(`netns add ${name}`);
  atEnd(() => ip(`netns del ${name}`));
  ip(`link add ${name} type veth peer name eth0 netns ${name}`);
  atEnd(() => ip(`link del ${name}`)); // a process may keep the namespace for a while
  ip(`address add 10.219.7.1/24 dev ${name}`);
  ip(`link set ${name} up`);
  ip(`-n ${name} link set eth0 addrgenmode none`); // an IPv6 address would come some time later
  for (const step of ['link set lo up', 'address add 10.219.7.2/24 dev eth0', 'link set eth0 up', 'route add default via 10.219.7.1']) {
    ip(`-n ${name} ${step}`);
  }
}

/** The browser as it runs in there. */
function inside() {
  const path = `${out}chromium-in-${name}`;
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${name} ${executablePath} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** @param {Page} page @param {string} who */
const frames = async (page, who) => (await receivedOf(page, who, 'camera')).frames;

/**
 * Waits until a picture moves.
 * @param {Page} page @param {string} who
 * @returns {Promise<number>} when it does
 */
async function moves(page, who) {
  const before = await frames(page, who);
  await until(`${who} is seen again`, async () => (await frames(page, who)) > before, 20_000);
  return Date.now();
}

test('media follows to another address within 1.5 s', { skip, timeout: 90_000 }, async () => {
  plug();
  const server = await startServer('10.219.7.1:0', '10.219.7.1:0');
  const args = [...fakeDevices, ...fakeConsent, `--unsafely-treat-insecure-origin-as-secure=${server.url}`];
  const [there, here] = [await startBrowser(args, inside()), await startBrowser(args)];
  const [ana, bo] = [await join(there, server.url, 'moves', 'Ana'), await join(here, server.url, 'moves', 'Bo')];
  await Promise.all([seesAndHears(ana, 'Bo'), seesAndHears(bo, 'Ana')]);
  const id = await ana.evaluate(() => /** @type {any} */ (window).switchyard.room.self.id);

  // Chromium looks at its addresses some time after they changed; until then
  // there is no new path for anybody to find.
  const known = ana.evaluate(() => new Promise((done) => {
    /** @type {any} */ (window).switchyard.room.pc.addEventListener('icecandidate', (/** @type {RTCPeerConnectionIceEvent} */ e) => {
      if (e.candidate?.address === '10.219.7.3') {
        done(Date.now());
      }
    });
  }));
  ip(`-n ${name} address flush dev eth0`);
  ip(`-n ${name} address add 10.219.7.3/24 dev eth0`);
  ip(`-n ${name} route add default via 10.219.7.1`);
  const began = Date.now();
  const found = Number(await known);
  const [sees, seen] = await Promise.all([moves(ana, 'Bo'), moves(bo, 'Ana')]);
  const took = `knows its address ${found - began} ms after the change, sees after ${sees - began}, is seen after ${seen - began}`;
  console.log(`# ${took}`);
  assert.ok(Math.max(sees, seen) - found <= 1500, took);
  assert.ok(Math.max(sees, seen) - began <= 4000, took);
  const now = await ana.evaluate(() => {
    const { room } = /** @type {any} */ (window).switchyard;
    return { id: room.self.id, people: room.members.length, state: room.state };
  });
  assert.deepEqual(now, { id, people: 2, state: 'joined' });
});
