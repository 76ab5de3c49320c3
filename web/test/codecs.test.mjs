// @ts-check
// Every codec and structure that Chromium sends, watched by a page that changes
// size, frame rate and slot at random. Its decoder must not notice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { play, publisher, summary, viewer } from './stage.mjs';
import { cleanUp, errorsOfPages, startBrowser, startServer } from './support.mjs';
/** @import {Structure} from './stage.mjs' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser(['--use-fake-device-for-media-stream=fps=20', '--use-fake-ui-for-media-stream']);
});
after(cleanUp);

const switches = Number(process.env.SWITCHES ?? 100);

/** Encodings by RID, the largest first. @param {string} mode @param {number} [count] */
const simulcast = (mode, count = 3) => ['f', 'h', 'q'].slice(0, count).map((rid, i) => ({
  rid, scalabilityMode: mode, scaleResolutionDownBy: 2 ** i, maxBitrate: [700_000, 300_000, 120_000][i],
}));
/** @param {string} mode */
const single = (mode) => [{ scalabilityMode: mode, maxBitrate: 900_000 }];

/** What is sent, and the widths in which it can be watched. @type {[string, Structure, number[]][]} */
const cases = [
  ['VP8 simulcast L1T3', { codec: 'VP8', encodings: simulcast('L1T3'), width: 960 }, [240, 480, 960]],
  ['VP8 L1T3', { codec: 'VP8', encodings: single('L1T3'), width: 640 }, [640]],
  ['H.264 simulcast', { codec: 'H264', encodings: simulcast('L1T1'), width: 960 }, [240, 480, 960]],
  ['H.264', { codec: 'H264', encodings: single('L1T1'), width: 640 }, [640]],
  ['VP9 simulcast L1T3', { codec: 'VP9', encodings: simulcast('L1T3'), width: 960 }, [240, 480, 960]],
  ['VP9 L3T3_KEY', { codec: 'VP9', encodings: single('L3T3_KEY'), width: 960 }, [240, 480, 960]],
  ['VP9 L2T2', { codec: 'VP9', encodings: single('L2T2'), width: 640 }, [320, 640]],
  ['AV1 simulcast L1T2', { codec: 'AV1', encodings: simulcast('L1T2', 2), width: 640 }, [320, 640]],
  ['AV1 L3T3_KEY', { codec: 'AV1', encodings: single('L3T3_KEY'), width: 960 }, [240, 480, 960]],
  ['AV1 L2T2', { codec: 'AV1', encodings: single('L2T2'), width: 640 }, [320, 640]],
  ['AV1 L1T3', { codec: 'AV1', encodings: single('L1T3'), width: 640 }, [640]],
];

const only = process.env.ONLY;
for (const [name, structure, widths] of cases.filter(([name]) => !only || name.match(only))) {
  test(name, { timeout: 90_000 }, async (t) => {
    const room = name.replaceAll(' ', '-');
    const [sends, sees] = [await publisher(browser, server.url, room, structure), await viewer(browser, server.url, room)];
    const s = summary(await play(sends, sees, widths, switches));
    t.diagnostic(JSON.stringify(s));
    await Promise.all([sends.close(), sees.close()]);
    assert.deepEqual(s.missed, [], 'sizes that did not come');
    assert.ok(s.still <= 300, `stood still for ${s.still} ms`);
    assert.equal(s.lost, 0, 'numbers have gaps');
    assert.equal(s.asked, 0, 'the decoder asked for key frames');
    // Some are on their way when the statistics are taken, and Chromium drops what
    // is late: of a replay, and after it did not get to run.
    assert.ok(s.undecoded <= 3, `${s.undecoded} frames were received and not decoded`);
    assert.ok(s.dropped <= s.pictures / 10 + s.gap / 50, `${s.dropped} of ${s.pictures} frames were dropped`);
    // The publisher is asked for few key frames: who changes slots ten times as often waits for them.
    assert.ok(s.median <= 300 && s.entry <= 4000, `${s.median}, at worst ${s.entry} ms until a slot shows something`);
    assert.ok(s.keyFrames <= 3 + 2 * s.seconds, `${s.keyFrames} key frames in ${s.seconds} s`);
  });
}

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
