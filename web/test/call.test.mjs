// @ts-check
// Three real pages in one room, on the real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  cleanUp, join, received, receivedOf, startBrowser, startMortalBrowser, startServer, tile, until, variance,
} from './support.mjs';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function seesAndHears(page, name) {
  await until(`${name} is seen`, async () => (await receivedOf(page, name, 'camera')).frames > 5);
  const first = await receivedOf(page, name, 'camera');
  await until(`${name} moves`, async () => (await receivedOf(page, name, 'camera')).frames > first.frames + 10);
  await until(`${name}’s picture is not black`, async () => (await variance(page, name)) > 100);
  const sound = await receivedOf(page, name, 'microphone');
  await until(`${name} is heard`, async () => (await receivedOf(page, name, 'microphone')).energy > sound.energy);
}

describe('three people', () => {
  /** @type {Record<string, Awaited<ReturnType<typeof join>>>} */
  const pages = {};
  const names = ['Ana', 'Bo', 'Cy'];

  before(async () => {
    for (const name of names) {
      pages[name] = await join(await browser.newContext(), server.url, 'three', name);
    }
  });

  test('see and hear each other', async () => {
    for (const me of names) {
      for (const other of names.filter((n) => n !== me)) {
        await seesAndHears(pages[me], other);
      }
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
    const camera = () => receivedOf(page, 'Bo', 'camera');
    await tile(page, 'Bo').getByRole('button', { name: 'Receive Bo' }).click();
    const slot = await page.evaluate(async () => {
      const room = /** @type {any} */ (window).switchyard.room;
      return room.slots.filter((/** @type {any} */ s) => s.kind === 'video').map((/** @type {any} */ s) => s.transceiver.mid);
    });
    const bytes = () => page.evaluate(async () => {
      const room = /** @type {any} */ (window).switchyard.room;
      /** @type {any[]} */
      const all = [...(await room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp');
      return Object.fromEntries(all.map((s) => [s.mid, s.bytesReceived]));
    });
    const growing = async () => {
      const a = await bytes();
      await new Promise((done) => setTimeout(done, 1000));
      const b = await bytes();
      return Object.keys(b).filter((mid) => slot.includes(mid) && b[mid] > (a[mid] ?? 0)).length;
    };
    await until('one of the two videos has stopped', async () => (await growing()) === 1);
    assert.equal((await camera()).bytes, 0, 'no slot shows Bo');
    const cy = await receivedOf(page, 'Cy', 'camera');
    const bo = await receivedOf(page, 'Bo', 'microphone');
    await until('Cy is still seen', async () => (await receivedOf(page, 'Cy', 'camera')).frames > cy.frames + 5);
    await until('Bo is still heard', async () => (await receivedOf(page, 'Bo', 'microphone')).energy > bo.energy);
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
    await pages.Cy.evaluate(() => {
      // Headless Chromium has no screen to pick; a drawn one passes the same encoder.
      navigator.mediaDevices.getDisplayMedia = async () => {
        const canvas = document.createElement('canvas');
        canvas.width = 1280;
        canvas.height = 720;
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        let n = 0;
        setInterval(() => {
          context.fillStyle = '#fff';
          context.fillRect(0, 0, 1280, 720);
          context.fillStyle = '#111';
          context.font = '160px sans-serif';
          context.fillText(String(n++), 200, 400);
        }, 100);
        return canvas.captureStream(10);
      };
    });
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
    const began = Date.now();
    await pages.Cy.getByRole('button', { name: 'Leave' }).click();
    await tile(pages.Ana, 'Cy').waitFor({ state: 'detached', timeout: 1000 });
    assert.ok(Date.now() - began < 2000);
    await pages.Cy.getByText('You left three after').waitFor();
    await until('no slot shows Cy', async () => (await received(pages.Ana)).every((s) => s.name === 'Bo'));
  });

  test('and can rejoin', async () => {
    await pages.Cy.getByRole('button', { name: 'Rejoin' }).click();
    await pages.Cy.getByRole('button', { name: 'Join now' }).click();
    await tile(pages.Ana, 'Cy').waitFor();
    await seesAndHears(pages.Ana, 'Cy');
    await seesAndHears(pages.Cy, 'Ana');
  });

  test('no page has reported an error', () => {
    for (const name of names) {
      assert.deepEqual(pages[name].errors, [], name);
    }
  });
});

test('a killed page vanishes within 5 s', async () => {
  const mortal = await startMortalBrowser();
  const ana = await join(browser, server.url, 'killed', 'Ana');
  await join(mortal.browser, server.url, 'killed', 'Bo');
  await seesAndHears(ana, 'Bo');
  const began = Date.now();
  await mortal.server.kill();
  await tile(ana, 'Bo').waitFor({ state: 'detached', timeout: 6000 });
  const took = Date.now() - began;
  assert.ok(took <= 5500, `took ${took} ms`);
  await ana.close();
});

test('without devices one still joins, sees and hears', async () => {
  const bare = await startBrowser([]);
  const bo = await join(browser, server.url, 'bare', 'Bo');
  const page = await bare.newPage();
  await page.goto(`${server.url}/?room=bare`);
  await page.getByText('No camera found.').waitFor();
  await page.getByText('No microphone found.').waitFor();
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ana');
  await page.getByRole('button', { name: 'Join now' }).click();
  await seesAndHears(page, 'Bo');
  await tile(bo, 'Ana').getByRole('img', { name: 'Muted' }).waitFor();
  await page.close();

  // Nobody has clicked here, and nothing is captured: the browser plays no sound.
  const silent = await join(bare, server.url, 'bare', 'Di');
  const hear = silent.getByRole('button', { name: 'Click to hear' });
  await hear.click();
  await hear.waitFor({ state: 'hidden' });
  await seesAndHears(silent, 'Bo');
  await silent.close();
  await bo.close();
});

test('a server that comes back finds everybody in the room again', async () => {
  const first = await startServer();
  const ana = await join(browser, first.url, 'again', 'Ana');
  const bo = await join(browser, first.url, 'again', 'Bo');
  await seesAndHears(ana, 'Bo');
  await first.stop('SIGKILL');
  await ana.getByRole('status').getByText('Reconnecting…').waitFor();
  await startServer(new URL(first.url).host);
  for (const [page, other] of /** @type {const} */ ([[ana, 'Bo'], [bo, 'Ana']])) {
    await tile(page, other).waitFor();
    await until('reconnected', async () => (await page.evaluate(() => /** @type {any} */ (window).switchyard.room.state)) === 'joined');
  }
  await seesAndHears(ana, 'Bo');
  await seesAndHears(bo, 'Ana');
  assert.equal(await ana.getByRole('list', { name: 'Participants' }).getByRole('listitem').count(), 2);
});
