// @ts-check
// What a member sends begins and ends in one connection, whatever section it has.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp, open, startBrowser, startServer } from './support.mjs';

after(cleanUp);

test('everything that was sent first ends, and something else begins', { timeout: 60_000 }, async () => {
  const { url } = await startServer();
  const page = await open(await startBrowser(), url);
  const { states, sent } = await page.evaluate(async () => {
    const { Room } = await import(/** @type {string} */ ('/lib/switchyard.js'));
    const room = new Room();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
    const [[mic], [cam]] = [stream.getAudioTracks(), stream.getVideoTracks()];
    await room.publish(mic, 'microphone');
    await room.publish(cam, 'camera');
    await room.join({ room: 'sections', name: 'Ana' });
    const { pc } = room;
    while (pc.connectionState !== 'connected') {
      await new Promise((done) => pc.addEventListener('connectionstatechange', done, { once: true }));
    }
    /** @type {string[]} */
    const states = [];
    pc.addEventListener('connectionstatechange', () => states.push(pc.connectionState));
    /** @param {(count: number) => boolean} enough packets of what is sent now */
    const sends = async (enough) => {
      for (let count = 0; !enough(count);) {
        await new Promise((done) => setTimeout(done, 100));
        count = 0;
        for (const s of (await pc.getStats()).values()) {
          count += s.type === 'outbound-rtp' ? s.packetsSent : 0;
        }
      }
    };
    await sends((count) => count > 20);
    await room.unpublish('microphone');
    await room.unpublish('camera');
    await room.publish(mic, 'other');
    await sends((count) => count > 0 && count < 20); // the others are gone
    await sends((count) => count > 100);
    const sent = room.locals.map((/** @type {{source: string}} */ l) => l.source);
    room.leave();
    return { states, sent };
  });
  assert.deepEqual(states, [], 'the connection is the same');
  assert.deepEqual(sent, ['other']);
});
