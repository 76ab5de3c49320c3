// @ts-check
// What one learns before a call: who is there, whether the speaker works, what
// the network blocks; and the public rooms on the home page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { carrier, violations } from './measure.mjs';
import { startProxy } from './proxy.mjs';
import { cleanUp, errorsOfPages, fakeConsent, ghost, join, open, out, small, startBrowser, startServer, until } from './support.mjs';
/** @import {Browser, Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Browser} */
let browser;

before(async () => {
  server = await startServer(undefined, undefined, '--admin', '127.0.0.1:0');
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=5', ...fakeConsent]);
});
after(cleanUp);

/** @param {Page} page @param {string} name */
const button = (page, name) => page.getByRole('button', { name, exact: true });

/** @param {Page} page */
const lobby = (page) => page.getByRole('region', { name: 'Lobby' });

/** The page looks again, as when one comes back to it. @param {Page} page */
const glance = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

/** Looks in both colour schemes, wide and on a phone. @param {Page} page @param {string} name */
async function look(page, name) {
  for (const [size, viewport] of /** @type {const} */ ([['', { width: 1280, height: 800 }], ['-phone', { width: 360, height: 740 }]])) {
    await page.setViewportSize(viewport);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}${size}: no sideways scrolling`);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${out}${name}${size}-${colorScheme}.png`, animations: 'disabled', fullPage: true });
      assert.deepEqual(await violations(page), [], `${name}${size} in ${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(small);
}

/** Listens to what the page plays. */
function listenIn() {
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    const audio = new AudioContext();
    const analyser = audio.createAnalyser();
    audio.createMediaStreamSource(/** @type {MediaStream} */ (this.srcObject)).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const heard = { peak: 0 };
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      heard.peak = Math.max(heard.peak, ...samples);
    }, 20);
    Object.assign(window, { heard });
    return play.call(this);
  };
}

test('the speaker is chosen and tried, and one sees that it plays', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(listenIn);
  await context.addInitScript(() => {
    HTMLMediaElement.prototype.setSinkId = async function (/** @type {string} */ id) {
      Object.assign(window, { sink: id });
    };
  });
  const page = await open(context, `${server.url}/?room=sound&name=Ana`);
  const speaker = lobby(page).getByRole('combobox', { name: 'Speaker' });
  await until('there are speakers', async () => (await speaker.locator('option').count()) > 1);
  const last = await speaker.locator('option').last().getAttribute('value');
  await speaker.selectOption(last);
  await button(page, 'Test speaker').click();
  await page.locator('button[aria-busy="true"]').and(button(page, 'Test speaker')).waitFor();
  await page.screenshot({ path: `${out}lobby-speaker-test.png` });
  await page.locator('button:not([aria-busy="true"])').and(button(page, 'Test speaker')).waitFor();
  const { sink, heard } = await page.evaluate(() => {
    const { sink, heard } = /** @type {any} */ (window);
    return { sink, heard };
  });
  assert.equal(sink, last);
  assert.ok(heard.peak > 0.05 && heard.peak < 0.5, `it is heard, and is not loud: ${heard.peak}`);
  await context.close();
});

test('where no speaker can be chosen it can be tried all the same', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(listenIn);
  await context.addInitScript(() => {
    delete (/** @type {any} */ (HTMLMediaElement.prototype).setSinkId);
  });
  const page = await open(context, `${server.url}/?room=sound&name=Ana`);
  await button(page, 'Test speaker').waitFor();
  assert.equal(await lobby(page).getByRole('combobox', { name: 'Speaker' }).count(), 0);
  await look(page, 'lobby-no-speaker');
  await button(page, 'Test speaker').click();
  await until('it is heard', () => page.evaluate(() => /** @type {any} */ (window).heard?.peak > 0.05));
  await context.close();
});

test('the lobby says who is there, as far as the server does', { timeout: 90_000 }, async () => {
  const page = await open(browser, `${server.url}/?room=here&name=Ana`);
  await lobby(page).getByText('Nobody is here yet.').waitFor();
  const bo = await ghost(server.url, 'here', 'Bo');
  await lobby(page).getByText('Bo is here.').waitFor({ timeout: 15_000 }); // it looks by itself
  for (const name of ['Cy', 'ليلى']) {
    await ghost(server.url, 'here', name);
  }
  await glance(page);
  await lobby(page).getByText('3 people here: Bo, Cy, ليلى').waitFor();
  await look(page, 'lobby-here');
  for (const name of ['Di', 'Ed', 'Flo']) {
    await ghost(server.url, 'here', name);
  }
  await glance(page);
  await lobby(page).getByText('Bo, Cy and 4 others are here.').waitFor();
  await bo.emitWithAck('mod', { op: 'lock' });
  await glance(page);
  await lobby(page).getByText('6 people are here.').waitFor(); // who they are is for those who may come in
  assert.equal(await button(page, 'Join now').count(), 1);
  await bo.emitWithAck('mod', { op: 'lobby', on: true });
  await glance(page);
  await button(page, 'Ask to join').waitFor();
  await bo.emitWithAck('mod', { op: 'lobby', on: false });
  await glance(page);
  await button(page, 'Join now').waitFor();
  await page.close();
});

test('the home page shows public rooms, and how many are in them', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  const page = await join(context, server.url, 'lounge', 'Ana'); // now it is a recent room
  await button(page, 'Leave').click();
  await button(page, 'Rejoin').waitFor();
  await page.goto(server.url);
  const recent = page.getByRole('navigation', { name: 'Recent rooms' });
  await recent.getByRole('link', { name: 'lounge', exact: true }).waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Public rooms' }).count(), 0);
  for (const room of ['lounge', 'attic']) {
    const r = await fetch(`${server.admin()}/api/v1/rooms/${room}`, {
      method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ listed: true }),
    });
    assert.ok(r.ok, `${r.status} ${await r.text()}`);
  }
  for (const name of ['Bo', 'Cy']) { // in this order
    await ghost(server.url, 'lounge', name);
  }
  await recent.getByRole('link').focus();
  await glance(page);
  const listed = page.getByRole('navigation', { name: 'Public rooms' });
  await listed.getByRole('link', { name: 'attic 0 people' }).waitFor();
  assert.deepEqual(await listed.getByRole('link').allTextContents(), ['lounge 2 people', 'attic 0 people']);
  await recent.getByRole('link', { name: 'lounge 2 people' }).waitFor();
  assert.ok(await recent.getByRole('link').evaluate((a) => a === document.activeElement), 'the focus is where it was');
  await look(page, 'home-public');
  await listed.getByRole('link', { name: 'lounge' }).click();
  await lobby(page).getByText('Bo, Cy', { exact: false }).waitFor();
  await context.close();
});

test('a connection without fault is told of only to who asks', { timeout: 60_000 }, async () => {
  const page = await open(browser, `${server.url}/?room=check&name=Ana`);
  const checked = page.waitForResponse((r) => r.url().endsWith('/check'), { timeout: 15_000 });
  await button(page, 'Check connection').waitFor();
  await checked;
  await until('the socket was tried, and is closed', () => page.evaluate(() =>
    performance.getEntriesByType('resource').some((e) => e.name.endsWith('/check'))));
  assert.equal(await lobby(page).getByRole('status').textContent(), '');
  await button(page, 'Check connection').click();
  await lobby(page).getByRole('status').getByText('Nothing is blocked: WebSocket and UDP get through.').waitFor();
  await look(page, 'lobby-checked');
  await page.close();
});

test('a blocked WebSocket is told by itself, and not tried again by the join', { timeout: 60_000 }, async () => {
  const proxy = await startProxy(server.url);
  proxy.block('refuse');
  const page = await open(browser, `${proxy.url}/?room=check&name=Ana`);
  await lobby(page).getByRole('status').getByText('WebSocket is blocked here. The meeting works all the same, by polling.').waitFor({ timeout: 20_000 });
  await look(page, 'lobby-websocket-blocked');
  await button(page, 'Join now').click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  assert.equal(await carrier(page), 'polling');
  await page.close();
});

test('blocked UDP is told by itself, and in the room without hopes that there are none for', { timeout: 120_000 }, async () => {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript(() => { // this browser may take relays alone, and there is none
    const { RTCPeerConnection } = window;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(/** @type {RTCConfiguration|undefined} */ o = undefined) {
        super({ ...o, iceTransportPolicy: 'relay' });
      }
    };
  });
  const page = await open(context, `${server.url}/?room=walled&name=Ana`);
  await lobby(page).getByRole('status').getByText('UDP to the server is blocked here: sound and picture will not get through.').waitFor({ timeout: 20_000 });
  await look(page, 'lobby-udp-blocked');
  await button(page, 'Join now').click();
  await page.getByRole('toolbar', { name: 'Call controls' }).waitFor();
  await page.getByRole('status').getByText('Connected, but media is blocked by the network.', { exact: true }).waitFor({ timeout: 60_000 });
  await context.close();
});

test('who may record finds the button where the server can', { timeout: 60_000 }, async () => {
  const plain = await join(browser, server.url, 'tape', 'Bo');
  const more = async (/** @type {Page} */ page) => {
    await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menu').waitFor();
    return page.getByRole('menuitemcheckbox', { name: 'Record', exact: true });
  };
  assert.equal(await (await more(plain)).count(), 0, 'this server cannot');
  // The same server, but its word that it can. It does not know what is asked then.
  const context = await browser.newContext({ viewport: small });
  await context.routeWebSocket(/socket\.io/, (socket) => {
    const there = socket.connectToServer();
    there.onMessage((m) => socket.send(typeof m === 'string' ? m.replace('"caps":[', '"caps":["record",') : m));
  });
  const guest = await join(context, server.url, 'tape', 'Cy');
  assert.equal(await (await more(guest)).count(), 0, 'guests may not');
  const ana = await join(context, server.url, 'tape-2', 'Ana');
  const item = await more(ana);
  await item.waitFor();
  assert.equal(await item.getAttribute('aria-checked'), 'false');
  await item.click();
  await ana.getByRole('alert').getByText('The server did not understand this page.', { exact: false }).waitFor();
  await Promise.all([plain.close(), context.close()]);
});

test('notes of who came cover no name and no page turner', { timeout: 120_000 }, async () => {
  const page = await join(browser, server.url, 'notes', 'Ana');
  for (let i = 1; i <= 26; i++) {
    await ghost(server.url, 'notes', `Guest ${i}`);
  }
  await page.getByRole('group', { name: 'Pages' }).waitFor();
  await until('those notes are gone', async () => (await page.getByText(/ joined$/).count()) === 0);
  for (const [name, viewport] of /** @type {const} */ ([
    ['wide', { width: 1280, height: 720 }], ['small', { width: 800, height: 600 }], ['phone', { width: 360, height: 740 }], ['lying', { width: 740, height: 360 }],
  ])) {
    await page.setViewportSize(viewport);
    const late = await ghost(server.url, 'notes', 'Somebody with a long name');
    const note = page.getByText(/Somebody with a long name( and \d+ others?)? joined$/);
    await note.waitFor();
    await page.screenshot({ path: `${out}notes-${name}.png`, animations: 'disabled' });
    const covered = await note.evaluate((n) => {
      const [a, ...rest] = [n, ...document.querySelectorAll('.tile-caption, .pager, .toolbar, .status')].map((e) => e.getBoundingClientRect());
      return rest.filter((b) => b.width > 0 && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).length;
    });
    assert.equal(covered, 0, `${name}: nothing is covered`);
    await late.emitWithAck('leave', {});
    await page.getByText(/ left$/).first().waitFor({ timeout: 60_000 });
    await page.getByText(/ left$/).first().waitFor({ state: 'detached' });
  }
  await page.close();
});

test('no page has reported an error but what is blocked', () => {
  assert.deepEqual(errorsOfPages(/^WebSocket connection to .* failed|net::ERR_|status of 403/), []);
});
