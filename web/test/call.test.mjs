// @ts-check
// Three real pages in one room, on the real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { drawnScreen } from './drawn.mjs';
import { received, receivedOf, seesAndHears, variance } from './measure.mjs';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, tile, until } from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

describe('three people', () => {
  /** @type {Record<string, Awaited<ReturnType<typeof join>>>} */
  const pages = {};
  const names = ['Ana', 'Bo', 'Cy'];

  before(async () => {
    await Promise.all(names.map(async (name) => {
      pages[name] = await join(await browser.newContext({ viewport: small }), server.url, 'three', name);
    }));
  });

  test('see and hear each other', async () => {
    await Promise.all(names.flatMap((me) =>
      names.filter((n) => n !== me).map((other) => seesAndHears(pages[me], other))));
    for (const me of names) {
      assert.equal(await pages[me].getByRole('list', { name: 'Participants' }).getByRole('listitem').count(), 3);
    }
  });

  test('chat: a line is mine when the server has it, and everybody else gets it', async () => {
    for (const name of names) {
      await pages[name].getByRole('button', { name: 'Chat', exact: true }).click();
    }
    const log = (/** @type {string} */ name) => pages[name].getByRole('log');
    await pages.Ana.getByRole('textbox', { name: 'Message' }).fill('<b>hello</b> & welcome');
    await pages.Ana.getByRole('button', { name: 'Send' }).click();
    await log('Ana').getByText('You: <b>hello</b> & welcome').waitFor();
    await log('Bo').getByText('Ana: <b>hello</b> & welcome').waitFor();
    await log('Cy').getByText('Ana: <b>hello</b> & welcome').waitFor();
    await pages.Bo.getByRole('textbox', { name: 'Message' }).fill('hi Ana');
    await pages.Bo.getByRole('textbox', { name: 'Message' }).press('Enter');
    await log('Bo').getByText('You: hi Ana').waitFor();
    await log('Ana').getByText('Bo: hi Ana').waitFor();
    assert.equal(await log('Ana').getByText('hi Ana').count(), 1);
    for (const name of names) {
      await pages[name].getByRole('button', { name: 'Chat', exact: true }).click();
      assert.equal(await pages[name].getByRole('complementary', { name: 'Chat' }).count(), 0);
    }
  });

  test('one track can be stopped, and the others go on', async () => {
    const page = pages.Ana;
    /** Bytes received by the mid of each slot that ever showed anything. */
    const bytes = () => page.evaluate(async () => {
      const room = /** @type {any} */ (window).switchyard.room;
      /** @type {any[]} */
      const all = [...(await room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp' && s.bytesReceived > 0);
      return Object.fromEntries(all.map((s) => [s.mid, s.bytesReceived]));
    });
    /** The slot of Bo's camera. */
    const mid = await page.evaluate(() => {
      const room = /** @type {any} */ (window).switchyard.room;
      const bo = room.members.find((/** @type {any} */ m) => m.name === 'Bo');
      const p = room.publications.find((/** @type {any} */ q) => q.member === bo.id && q.kind === 'video');
      return room.slots.find((/** @type {any} */ s) => s.publication === p.id).transceiver.mid;
    });
    assert.equal(Object.keys(await bytes()).length, 4, 'two pictures and two sounds');
    await tile(page, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
    await until('that slot has stopped, and the three others go on', async () => {
      const before = await bytes();
      const cy = await receivedOf(page, 'Cy', 'camera');
      await until('Cy moves', async () => (await receivedOf(page, 'Cy', 'camera')).frames > cy.frames + 10);
      const now = await bytes();
      const silent = Object.keys(now).filter((m) => now[m] === before[m]);
      return silent.length === 1 && silent[0] === mid;
    });
    assert.equal((await receivedOf(page, 'Bo', 'camera')).bytes, 0, 'no slot shows Bo');
    assert.equal(await tile(page, 'Bo').getByRole('button', { name: 'Receive Bo' }).getAttribute('aria-pressed'), 'false');
    const others = await receivedOf(pages.Cy, 'Bo', 'camera');
    await until('Cy still sees Bo', async () => (await receivedOf(pages.Cy, 'Bo', 'camera')).frames > others.frames + 5);

    await tile(page, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
    await seesAndHears(page, 'Bo');
  });

  test('sound can be stopped as well', async () => {
    const page = pages.Ana;
    await tile(page, 'Cy').getByRole('button', { name: 'Hear Cy' }).click();
    await until('Cy’s sound is not bound', async () => (await receivedOf(page, 'Cy', 'microphone')).bytes === 0);
    const bo = await receivedOf(page, 'Bo', 'microphone');
    await until('Bo is still heard', async () => (await receivedOf(page, 'Bo', 'microphone')).energy > bo.energy);
    await tile(page, 'Cy').getByRole('button', { name: 'Hear Cy' }).click();
    await until('Cy is heard again', async () => (await receivedOf(page, 'Cy', 'microphone')).bytes > 0);
  });

  test('mute shows, and goes', async () => {
    const mic = pages.Bo.getByRole('toolbar').getByRole('button', { name: 'Microphone' });
    assert.equal(await mic.getAttribute('aria-pressed'), 'true');
    await mic.click();
    await tile(pages.Ana, 'Bo').getByRole('img', { name: 'Muted' }).waitFor();
    await tile(pages.Cy, 'Bo').getByRole('img', { name: 'Muted' }).waitFor();
    assert.equal(await mic.getAttribute('aria-pressed'), 'false');
    await mic.click();
    await tile(pages.Ana, 'Bo').getByRole('img', { name: 'Muted' }).waitFor({ state: 'hidden' });
    const sound = await receivedOf(pages.Ana, 'Bo', 'microphone');
    await until('Bo is heard again', async () => (await receivedOf(pages.Ana, 'Bo', 'microphone')).energy > sound.energy);
  });

  test('a camera goes off and comes back without an offer', async () => {
    const camera = pages.Bo.getByRole('toolbar').getByRole('button', { name: 'Camera' });
    await camera.click();
    await pages.Ana.locator('[data-track-state="off"]').waitFor();
    assert.equal(await tile(pages.Ana, 'Bo').getAttribute('data-track-state'), 'off');
    await camera.click();
    await until('Bo’s tile is live', async () => (await tile(pages.Ana, 'Bo').getAttribute('data-track-state')) === 'live');
    await seesAndHears(pages.Ana, 'Bo');
    assert.equal(await pages.Bo.evaluate(() => /** @type {any} */ (window).switchyard.room.offers), 1);
  });

  test('50 changes of what is received make no offer', async () => {
    const offers = await pages.Ana.evaluate(async () => {
      const room = /** @type {any} */ (window).switchyard.room;
      const ids = room.publications.filter((/** @type {any} */ p) => p.kind === 'video').map((/** @type {any} */ p) => p.id);
      const shown = (/** @type {string[]} */ wanted) => {
        const bound = room.slots.map((/** @type {any} */ s) => s.publication).filter((/** @type {any} */ p) => ids.includes(p));
        return bound.length === wanted.length && wanted.every((w) => bound.includes(w));
      };
      for (let i = 0; i < 50; i++) {
        const wanted = [[ids[0]], [ids[1]], [], ids][i % 4];
        room.subscribe(ids.map((/** @type {string} */ id) => [id, wanted.includes(id)]));
        while (!shown(wanted)) {
          await new Promise((done) => {
            const off = room.on('slots', () => done(off()));
          });
        }
      }
      room.subscribe(ids.map((/** @type {string} */ id) => [id, true]));
      return room.offers;
    });
    assert.equal(offers, 1);
    await seesAndHears(pages.Ana, 'Bo');
    await seesAndHears(pages.Ana, 'Cy');
  });

  test('a screen is shared and stopped without disturbing anybody', async () => {
    const share = pages.Cy.getByRole('toolbar').getByRole('button', { name: 'Share screen' });
    await pages.Cy.evaluate(drawnScreen);
    const before = await receivedOf(pages.Ana, 'Bo', 'camera');
    await share.click();
    await tile(pages.Ana, 'Cy’s screen').waitFor();
    await pages.Ana.getByRole('status').getByText('Cy is sharing').waitFor();
    await until('the screen is decoded', async () => (await receivedOf(pages.Ana, 'Cy', 'screen')).frames > 5);
    await until('the screen is not black', async () => (await variance(pages.Ana, 'Cy’s screen')) > 100);
    await share.click();
    await tile(pages.Ana, 'Cy’s screen').waitFor({ state: 'detached' });
    const then = await receivedOf(pages.Ana, 'Bo', 'camera');
    assert.ok(then.frames > before.frames, 'Bo was seen all the time');
    await seesAndHears(pages.Ana, 'Cy');
  });

  test('one who leaves is gone at once', async () => {
    await pages.Cy.evaluate(() => {
      const { room } = /** @type {any} */ (window).switchyard;
      Object.assign(window, { kept: { pc: room.pc, tracks: room.locals.map((/** @type {any} */ l) => l.track) } });
    });
    await pages.Cy.getByRole('button', { name: 'Leave' }).click();
    await tile(pages.Ana, 'Cy').waitFor({ state: 'detached', timeout: 2000 });
    await pages.Cy.getByText('You left three after').waitFor();
    const left = await pages.Cy.evaluate(() => {
      const { pc, tracks } = /** @type {any} */ (window).kept;
      const playing = [...document.querySelectorAll('video, audio')].filter((m) => /** @type {HTMLMediaElement} */ (m).srcObject);
      return { pc: pc.signalingState, tracks: tracks.map((/** @type {any} */ t) => t.readyState), playing: playing.length };
    });
    assert.deepEqual(left, { pc: 'closed', tracks: ['ended', 'ended'], playing: 0 });
    await until('no slot shows Cy', async () => (await received(pages.Ana)).every((s) => s.name === 'Bo'));
  });

  test('and can rejoin', async () => {
    await pages.Cy.getByRole('button', { name: 'Rejoin' }).click();
    await pages.Cy.getByRole('button', { name: 'Join now' }).click();
    await tile(pages.Ana, 'Cy').waitFor();
    await seesAndHears(pages.Ana, 'Cy');
    await seesAndHears(pages.Cy, 'Ana');
  });

  test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
});
