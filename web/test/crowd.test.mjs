// @ts-check
// More people than a page has slots for voices: a real page, and five who live in
// one other page by the client library, so that the test is none of the machine.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, until } from './support.mjs';

const others = ['Bo', 'Cy', 'Di', 'Ed', 'Fa'];
/** @type {Awaited<ReturnType<typeof join>>} */
let page;
/** @type {import('playwright-core').Page} */
let crowd;

before(async () => {
  const server = await startServer();
  const browser = await startBrowser();
  page = await join(await browser.newContext({ viewport: small }), server.url, 'crowd', 'Ana');
  crowd = await (await browser.newContext()).newPage();
  await crowd.goto(`${server.url}/`);
  await crowd.evaluate(async (names) => {
    const { Room } = await import(/** @type {any} */ ('/lib/switchyard.js'));
    const audio = new AudioContext();
    /** @type {Record<string, any>} */
    const all = {};
    Object.assign(window, { crowd: all });
    for (const name of names) {
      // A tone that swells and fades four times a second, as syllables do.
      const tone = new OscillatorNode(audio, { frequency: 220 });
      const swell = new GainNode(audio, { gain: 0.5 });
      const wave = new OscillatorNode(audio, { frequency: 4 });
      const depth = new GainNode(audio, { gain: 0.5 });
      const voice = new GainNode(audio, { gain: 0 });
      const out = audio.createMediaStreamDestination();
      tone.connect(swell).connect(voice).connect(out);
      wave.connect(depth).connect(swell.gain);
      tone.start();
      wave.start();
      const room = new Room();
      await room.publish(out.stream.getAudioTracks()[0], 'microphone');
      await room.join({ room: 'crowd', name });
      all[name] = { room, voice };
    }
  }, others);
});
after(cleanUp);

/**
 * Whose voices the page is sent now.
 * @returns {Promise<string[]>}
 */
const hears = () => page.evaluate(() => {
  const room = /** @type {any} */ (window).switchyard.room;
  return room.slots.filter((/** @type {any} */ s) => s.kind === 'audio' && s.publication).map((/** @type {any} */ s) => {
    const p = room.publications.find((/** @type {any} */ q) => q.id === s.publication);
    return room.members.find((/** @type {any} */ m) => m.id === p?.member)?.name ?? '?';
  });
});

/** @param {string[]} speakers */
const only = (...speakers) => crowd.evaluate((names) => {
  for (const [name, { voice }] of Object.entries(/** @type {any} */ (window).crowd)) {
    voice.gain.value = names.includes(name) ? 1 : 0;
  }
}, speakers);

describe('five others, and four slots for voices', () => {
  test('four are sent, each once', async () => {
    await until('four voices are sent', async () => (await hears()).length === 4, 30_000);
    const list = await hears();
    assert.equal(new Set(list).size, 4, `hears ${list}`);
  });

  for (const speakers of [['Fa'], ['Ed', 'Bo'], ['Cy', 'Di', 'Fa']]) {
    test(`${speakers.join(' and ')} speak`, async () => {
      await only(...speakers);
      await until(`${speakers} are sent`, async () => {
        const list = await hears();
        return speakers.every((s) => list.includes(s));
      }, 30_000);
      await until('the page shows that they speak', () => page.evaluate((names) => {
        const room = /** @type {any} */ (window).switchyard.room;
        const speak = room.members.filter((/** @type {any} */ m) => room.speakers.has(m.id)).map((/** @type {any} */ m) => m.name);
        return names.every((n) => speak.includes(n));
      }, speakers), 30_000);
    });
  }

  test('a voice that is turned off is not sent until it is on again', async () => {
    const button = page.getByRole('listitem', { name: 'Fa', exact: true }).getByRole('button', { name: 'Hear Fa' });
    await button.click();
    await until('Fa is not sent', async () => !(await hears()).includes('Fa'), 30_000);
    await button.click();
    await until('Fa is sent', async () => (await hears()).includes('Fa'), 30_000);
  });

  test('no page has an error', () => assert.deepEqual(errorsOfPages(), []));
});
