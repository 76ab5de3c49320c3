// @ts-check
// What tests read off a page: what it receives, how it looks, whom it keeps out.
import { readFileSync } from 'node:fs';
import { tile, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/**
 * @typedef {object} SlotStats
 * @property {string} name of the member
 * @property {string} source
 * @property {number} bytes
 * @property {number} frames decoded
 * @property {number} energy of its sound
 */

/**
 * What each bound slot has received so far.
 * @param {Page} page
 * @returns {Promise<SlotStats[]>}
 */
export function received(page) {
  return page.evaluate(async () => {
    const room = /** @type {any} */ (window).switchyard.room;
    if (!room?.pc) {
      return []; // still joining
    }
    /** @type {any[]} */
    const inbound = [...(await room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp');
    return room.slots.filter((/** @type {any} */ s) => s.publication).map((/** @type {any} */ s) => {
      const p = room.publications.find((/** @type {any} */ q) => q.id === s.publication);
      const r = inbound.find((i) => i.mid === s.transceiver.mid);
      return {
        name: room.members.find((/** @type {any} */ m) => m.id === p?.member)?.name ?? '?',
        source: p?.source ?? '?',
        bytes: r?.bytesReceived ?? 0,
        frames: r?.framesDecoded ?? 0,
        energy: r?.totalAudioEnergy ?? 0,
      };
    });
  });
}

/**
 * @param {Page} page
 * @param {string} name
 * @param {string} source
 * @returns {Promise<SlotStats>} zeros if nothing is bound
 */
export async function receivedOf(page, name, source) {
  const all = await received(page);
  return all.find((s) => s.name === name && s.source === source) ?? { name, source, bytes: 0, frames: 0, energy: 0 };
}

/**
 * How much the brightness of a tile's picture varies: 0 for one colour.
 * @param {Page} page
 * @param {string} name
 */
export function variance(page, name) {
  return tile(page, name).locator('video').evaluate((/** @type {HTMLVideoElement} */ video) => {
    if (video.videoWidth === 0) {
      return 0;
    }
    const canvas = new OffscreenCanvas(64, 36);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < data.length; i += 4) {
      const luma = 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2];
      sum += luma;
      squares += luma * luma;
    }
    const n = data.length / 4;
    return squares / n - (sum / n) ** 2;
  });
}

/**
 * Waits until a member's camera and microphone arrive: frames are decoded, the
 * picture is not black, the energy of the sound grows.
 * @param {Page} page
 * @param {string} name
 */
export async function seesAndHears(page, name) {
  await until(`${name} is seen`, async () => (await receivedOf(page, name, 'camera')).frames > 5, 20_000);
  const first = await receivedOf(page, name, 'camera');
  const sound = await receivedOf(page, name, 'microphone');
  await until(`${name} moves`, async () => (await receivedOf(page, name, 'camera')).frames > first.frames + 10);
  await until(`${name}’s picture is not black`, async () => (await variance(page, name)) > 100);
  await until(`${name} is heard`, async () => (await receivedOf(page, name, 'microphone')).energy > sound.energy);
}

/** What must be the same after a resume. @param {Page} page */
export const identity = (page) => page.evaluate(() => {
  const { room } = /** @type {any} */ (window).switchyard;
  return {
    self: room.self.id,
    offers: room.offers,
    locals: room.locals.map((/** @type {any} */ l) => l.id),
    others: room.members.map((/** @type {any} */ m) => m.id).sort(),
    publications: room.publications.map((/** @type {any} */ p) => p.id).sort(),
    slots: room.slots.map((/** @type {any} */ s) => `${s.transceiver.mid} ${s.publication} ${s.state}`),
  };
});

/** @param {Page} page @param {string} state */
export const isState = (page, state) =>
  until(`is ${state}`, () => page.evaluate((s) => /** @type {any} */ (window).switchyard.room.state === s, state));

/**
 * Watches a member's picture, and tells the longest time without a new frame. It
 * looks from inside of the page, where the time of a question does not count. If
 * the page itself did not run for a while, what the decoder measured bounds it: no
 * pause is longer than the root of the sum of the squares of all pauses since.
 * @param {Page} page
 * @param {string} name
 * @returns {() => Promise<number>} ends it, with the time in milliseconds
 */
export function watch(page, name) {
  const handle = page.evaluateHandle((name) => {
    const { room } = /** @type {any} */ (window).switchyard;
    const member = room.members.find((/** @type {any} */ m) => m.name === name).id;
    const seen = { worst: 0, until: '', blind: 0, stop: false };
    let [frames, squares, at, looked] = [0, 0, performance.now(), performance.now()];
    const look = async () => {
      const p = room.publications.find((/** @type {any} */ q) => q.member === member && q.kind === 'video');
      const slot = room.slots.find((/** @type {any} */ s) => p && s.publication === p.id);
      const stats = [...((await slot?.transceiver.receiver.getStats()) ?? new Map()).values()];
      const { framesDecoded: now = 0, totalSquaredInterFrameDelay: sum = 0 } = stats.find((s) => s.type === 'inbound-rtp') ?? {};
      const time = performance.now();
      const still = now > frames && sum >= squares ? Math.min(time - at, 1000 * Math.sqrt(sum - squares)) : time - at;
      seen.blind = Math.max(seen.blind, time - looked);
      looked = time;
      if (still > seen.worst) {
        Object.assign(seen, { worst: still, until: new Date().toISOString() });
      }
      if (now !== frames) {
        [frames, squares, at] = [now, sum, time];
      }
      if (!seen.stop) {
        setTimeout(look, 50);
      }
    };
    look();
    return seen;
  }, name);
  return async () => {
    const { worst, until, blind } = await (await handle).evaluate((seen) => Object.assign(seen, { stop: true }));
    if (worst > 1000) {
      console.log(`# ${name} stood still for ${Math.round(worst)} ms until ${until}; the page looked every ${Math.round(blind)} ms at worst`);
    }
    return Math.round(worst);
  };
}

/** What carries its events now. @param {Page} page @returns {Promise<'polling'|'websocket'>} */
export const carrier = (page) => page.evaluate(() => /** @type {any} */ (window).switchyard.room.transport);

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/**
 * @param {Page} page
 * @returns {Promise<string[]>} what is seriously wrong for people with disabilities
 */
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.evaluate(axe); // not as a script of the page, which its policy forbids
  }
  return page.evaluate(async () => {
    /** @type {{violations: any[]}} */
    const r = await /** @type {any} */ (window).axe.run({ resultTypes: ['violations'] });
    return r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.html).join(' ')}`);
  });
}
