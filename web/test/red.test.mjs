// @ts-check
// Redundant audio (RFC 2198): who negotiates it sends and gets it, whatever the
// others do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp, errorsOfPages, join, small, startBrowser, startServer, until } from './support.mjs';
/** @import {Page} from 'playwright-core' */

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
 * Joins with a browser that has no camera, and knows these audio formats, most
 * preferred first.
 * @param {string} name
 * @param {string[]} formats
 */
async function joinWith(name, formats) {
  const context = await browser.newContext({ viewport: small });
  await context.addInitScript((/** @type {string[]} */ kept) => {
    const get = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = function (/** @type {MediaStreamConstraints|undefined} */ c) {
      return c?.audio ? get.call(this, { audio: c.audio }) : Promise.reject(new DOMException('', 'NotFoundError'));
    };
    const set = RTCRtpTransceiver.prototype.setCodecPreferences;
    RTCRtpTransceiver.prototype.setCodecPreferences = function (/** @type {RTCRtpCodec[]} */ codecs) {
      const mimes = kept.map((k) => `audio/${k}`);
      const rank = (/** @type {RTCRtpCodec} */ c) => mimes.indexOf(c.mimeType.toLowerCase());
      const audio = this.receiver.track.kind === 'audio';
      /** @type {RTCRtpCodec[]} */
      const all = audio ? (RTCRtpReceiver.getCapabilities('audio')?.codecs ?? []) : codecs;
      set.call(this, audio ? all.filter((/** @type {RTCRtpCodec} */ c) => rank(c) >= 0)
        .sort((/** @type {RTCRtpCodec} */ a, /** @type {RTCRtpCodec} */ b) => rank(a) - rank(b)) : codecs);
    };
  }, formats);
  return join(context, server.url, 'red', name);
}

/**
 * The audio streams of a page, sent and received by name. What Chromium gets
 * twice it discards once, and then it names only Opus.
 * @param {Page} page
 */
function audio(page) {
  return page.evaluate(async () => {
    const room = /** @type {any} */ (window).switchyard.room;
    /** @type {any[]} */
    const streams = [...(await room.pc.getStats()).values()].filter((s) => s.kind === 'audio');
    const sent = streams.find((s) => s.type === 'outbound-rtp');
    /** @type {Record<string, {energy: number, packets: number, size: number, twice: number, lost: number}>} */
    const got = {};
    for (const slot of room.slots) {
      const p = room.publications.find((/** @type {any} */ q) => q.id === slot.publication);
      const s = streams.find((x) => x.type === 'inbound-rtp' && x.mid === slot.transceiver.mid);
      if (p && s) {
        got[room.members.find((/** @type {any} */ m) => m.id === p.member)?.name] = {
          energy: s.totalAudioEnergy, packets: s.packetsReceived, size: s.bytesReceived / s.packetsReceived,
          twice: s.packetsDiscarded / s.packetsReceived, lost: s.packetsLost,
        };
      }
    }
    return { size: sent ? sent.bytesSent / sent.packetsSent : 0, got };
  });
}

test('redundancy is passed, stripped and added', async () => {
  const pages = {
    Ana: await joinWith('Ana', ['red', 'opus']),
    Bo: await joinWith('Bo', ['opus']),
    Cy: await joinWith('Cy', ['opus', 'red']),
  };
  /** @type {Record<string, Awaited<ReturnType<typeof audio>>>} */
  const seen = {};
  const names = Object.keys(pages);
  await until('everybody hears everybody', async () => {
    for (const [name, page] of Object.entries(pages)) {
      seen[name] = await audio(page);
    }
    return names.every((a) => names.every((b) => a === b || seen[a].got[b]?.energy > 0 && seen[a].got[b].packets > 200));
  }, 30_000);
  const { Ana, Bo, Cy } = seen;
  assert.ok(Ana.size > 1.6 * Bo.size && Ana.size > 1.6 * Cy.size, `sent ${Ana.size}, ${Bo.size}, ${Cy.size} bytes a packet`);
  const redundant = {
    'Opus, to who prefers RED': [Ana.got.Bo, Ana.got.Cy],
    'RED, to who has it': [Cy.got.Ana],
  };
  const plain = {
    'RED, to who has only Opus': [Bo.got.Ana],
    'Opus, to who has only that': [Bo.got.Cy],
    'Opus, to who prefers it': [Cy.got.Bo],
  };
  for (const [what, g] of Object.entries(redundant).flatMap(([w, list]) => list.map((x) => /** @type {const} */ ([w, x])))) {
    assert.ok(g.twice > 0.5 && g.size > 1.4 * Bo.size, `${what}: ${JSON.stringify(g)}`);
  }
  for (const [what, g] of Object.entries(plain).flatMap(([w, list]) => list.map((x) => /** @type {const} */ ([w, x])))) {
    assert.ok(g.twice < 0.3 && g.size < 1.4 * Bo.size, `${what}: ${JSON.stringify(g)}`);
  }
});

test('no page has reported an error', () => {
  assert.deepEqual(errorsOfPages(), []);
});
