// @ts-check
// Two pages with the library alone: one sends a camera in any codec and
// structure, the other receives it and keeps a record of every picture.
import { open } from './support.mjs';
/** @import {Browser, Page} from 'playwright-core' */

/**
 * @typedef {object} Structure
 * @property {string} codec such as `VP8`
 * @property {RTCRtpEncodingParameters[]} encodings
 * @property {number} width of the camera
 * @property {string} [name] of the member
 * @property {number} [fps] 20 if missing
 * @property {boolean} [voice] whether there is a microphone too, whose owner speaks as long as `speak(true)` was called in the page
 */

/**
 * @typedef {object} Seen a picture that was decoded
 * @property {number} at milliseconds of the wall clock
 * @property {string} mid of the slot
 * @property {number} width
 * @property {number} rtp timestamp
 */

/** What a page of either kind needs. */
function prepare() {
  const page = /** @type {any} */ (globalThis);
  page.enter = async (/** @type {string} */ room, /** @type {string} */ name, /** @type {(room: any) => Promise<void>} */ before) => {
    const { Room } = await import(/** @type {string} */ ('/lib/switchyard.js'));
    const { io } = await import(/** @type {string} */ ('/lib/vendor/socket.io.esm.min.js'));
    page.room = new Room({ connect: (/** @type {string} */ url, /** @type {object} */ o) => (page.socket = io(url, o)) });
    await before(page.room);
    await page.room.join({ room, name });
  };
  page.ask = (/** @type {object} */ arg) => page.socket.timeout(5000).emitWithAck('subscribe', arg);
}

/**
 * Joins with a camera of the given structure.
 * @param {Browser} browser @param {string} url @param {string} room @param {Structure} structure
 */
export async function publisher(browser, url, room, structure) {
  const page = await open(browser, url);
  await page.evaluate(prepare);
  await page.evaluate(async ([room, s]) => {
    const add = RTCPeerConnection.prototype.addTransceiver;
    /** @this {RTCPeerConnection} @param {MediaStreamTrack|string} track @param {RTCRtpTransceiverInit} [init] */
    RTCPeerConnection.prototype.addTransceiver = function (track, init) {
      const list = init?.sendEncodings;
      if (list && (typeof track === 'string' ? track : track.kind) === 'video') {
        list.splice(0, list.length, ...s.encodings);
      }
      return add.call(this, track, init);
    };
    const prefer = RTCRtpTransceiver.prototype.setCodecPreferences;
    RTCRtpTransceiver.prototype.setCodecPreferences = function (/** @type {RTCRtpCodec[]} */ list) {
      const sends = this.direction === 'sendonly' && this.sender.track?.kind === 'video';
      prefer.call(this, sends ? list.filter((c) => [`video/${s.codec}`, 'video/rtx'].includes(c.mimeType)) : list);
    };
    await /** @type {any} */ (globalThis).enter(room, s.name ?? s.codec, async (/** @type {any} */ room) => {
      const video = { width: s.width, height: s.width * 9 / 16, frameRate: s.fps ?? 20 };
      const stream = await navigator.mediaDevices.getUserMedia({ video });
      await room.publish(stream.getVideoTracks()[0], 'camera');
      if (s.voice) {
        const context = new AudioContext();
        const [tone, syllables, loud] = [context.createOscillator(), context.createOscillator(), context.createGain()];
        const out = context.createMediaStreamDestination();
        Object.assign(tone, { type: 'sawtooth' }).frequency.value = 150;
        syllables.frequency.value = 4;
        loud.gain.value = 0;
        const depth = context.createGain();
        depth.gain.value = 0;
        syllables.connect(depth).connect(loud.gain);
        tone.connect(loud).connect(out);
        tone.start();
        syllables.start();
        Object.assign(globalThis, { speak: (/** @type {boolean} */ on) => (loud.gain.value = depth.gain.value = on ? 0.3 : 0) });
        await room.publish(out.stream.getAudioTracks()[0], 'microphone');
      }
    });
  }, /** @type {const} */ ([room, structure]));
  return page;
}

/**
 * Joins to watch, and records every picture that is decoded in any slot.
 * @param {Browser} browser @param {string} url @param {string} room @param {string} [name]
 */
export async function viewer(browser, url, room, name = 'Viewer') {
  const page = await open(browser, url);
  await page.evaluate(prepare);
  await page.evaluate(async ([room, name]) => {
    const p = /** @type {any} */ (globalThis);
    p.seen = [];
    await p.enter(room, name, async () => {});
    const record = async (/** @type {any} */ transceiver) => {
      const reader = new p.MediaStreamTrackProcessor({ track: transceiver.receiver.track }).readable.getReader();
      for (let r = await reader.read(); !r.done; r = await reader.read()) {
        const at = performance.timeOrigin + performance.now();
        p.seen.push({ at, mid: transceiver.mid, width: r.value.displayWidth, rtp: r.value.metadata?.().rtpTimestamp ?? 0 });
        r.value.close();
      }
    };
    for (const { transceiver } of p.room.slots.filter((/** @type {any} */ s) => s.kind === 'video')) {
      record(transceiver);
    }
  }, /** @type {const} */ ([room, name]));
  return page;
}

/**
 * @typedef {object} Run what {@link play} brought; times are milliseconds of the wall clock
 * @property {Seen[]} seen
 * @property {{from: number, at: number, what: 'size'|'rate'|'slot'|'pause', mid: string}[]} steps asked for and acknowledged
 * @property {{width: number, took: number|null}[]} held sizes that were waited for; null if they did not come
 * @property {{at: number, mid: string, plis: number}[]} polls of what the slot in use has asked for
 * @property {number[]} beats when the viewer's page got to run
 * @property {number[]} sent when the publisher's page did
 * @property {number[]} encoded when it had encoded something
 * @property {number} interval of its pictures
 * @property {Record<string, number>[]} inbound statistics of the slots
 * @property {Record<string, number>[]} outbound statistics of the encodings
 */

/**
 * Watches the one publication in the largest of the given sizes, then changes
 * what is watched at random. Every twentieth change is a size that is waited for.
 * @param {Page} sends @param {Page} sees @param {number[]} widths @param {number} switches
 * @returns {Promise<Run>}
 */
export async function play(sends, sees, widths, switches) {
  await sends.evaluate(watchEncoder);
  const interval = await sends.evaluate(() =>
    1000 / /** @type {any} */ (globalThis).room.locals[0].track.getSettings().frameRate);
  const part = await sees.evaluate(async ([widths, switches]) => {
    const p = /** @type {any} */ (globalThis);
    const now = () => performance.timeOrigin + performance.now();
    const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
    /** @param {() => boolean} f @param {number} ms */
    const within = async (f, ms) => {
      const end = now() + ms;
      while (!f() && now() < end) {
        await pause(10);
      }
      return f();
    };
    let seed = 7;
    const random = (/** @type {number} */ n) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return (seed >> 12) % n;
    };
    await within(() => p.room.publications.length > 0, 10_000);
    const { id } = p.room.publications[0];
    const mids = p.room.slots.filter((/** @type {any} */ s) => s.kind === 'video').slice(0, 3).map((/** @type {any} */ s) => s.transceiver.mid);
    const largest = /** @type {number} */ (widths.at(-1));
    /** @type {any} */
    const wish = { id, w: largest, h: largest * 9 / 16, fps: 0, mid: mids[0] };
    /** @type {any[]} */
    const steps = [];
    /** @type {any[]} */
    const held = [];
    const beats = [now()];
    const beat = setInterval(() => beats.push(now()), 20);
    const polls = /** @type {any[]} */ ([]);
    const poll = setInterval(async () => {
      const at = now();
      const list = [...(await p.room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.packetsReceived > 0);
      polls.push({ at, mid: wish.mid, plis: list.find((s) => s.mid === wish.mid)?.pliCount ?? 0 });
    }, 200);
    const ask = async (/** @type {string} */ what, /** @type {any} */ change) => {
      Object.assign(wish, change);
      const from = now();
      const ack = await p.ask({ publications: [wish] });
      if (!ack.ok || ack.refused) {
        throw new Error(`${what}: ${JSON.stringify(ack)}`);
      }
      steps.push({ from, at: now(), what, mid: wish.mid });
    };
    const last = () => p.seen.at(-1);
    await ask('slot', {});
    if (!(await within(() => last()?.width === largest, 20_000))) {
      throw new Error(`${last()?.width} pixels are seen instead of ${largest}`);
    }
    await pause(1000);
    p.seen.splice(0, p.seen.length - 1);
    steps.length = 0;
    for (let i = 1; i <= switches; i++) {
      const dice = random(20);
      if (i % 20 === 0 && widths.length > 1) {
        const other = widths.filter((w) => w !== last().width);
        const w = other[random(other.length)];
        const began = now();
        await ask('size', { w, h: w * 9 / 16, fps: 0 });
        held.push({ width: w, took: (await within(() => last().width === w, 4000)) ? Math.round(now() - began) : null });
      } else if (dice === 0) {
        await ask('pause', { on: false });
        await pause(random(300));
        await ask('slot', { on: true });
      } else if (dice < 3) {
        await ask('slot', { mid: mids.filter((/** @type {string} */ m) => m !== wish.mid)[random(2)] });
      } else if (dice < 7) {
        await ask('rate', { fps: [10, 0][random(2)] });
      } else {
        const w = widths[random(widths.length)];
        await ask('size', { w, h: w * 9 / 16 });
      }
      await pause(random(100));
    }
    await pause(500);
    clearInterval(beat);
    clearInterval(poll);
    const stats = [...(await p.room.pc.getStats()).values()].filter((s) => s.type === 'inbound-rtp' && s.framesReceived > 0);
    return { seen: p.seen, steps, held, beats, polls, inbound: stats };
  }, /** @type {const} */ ([widths, switches]));
  const { beats, encoded, outbound } = await sends.evaluate(async () => {
    const p = /** @type {any} */ (globalThis);
    clearInterval(p.beat);
    return { ...p.record, outbound: [...(await p.room.pc.getStats()).values()].filter((s) => s.type === 'outbound-rtp') };
  });
  const run = /** @type {any} */ (part);
  return { ...run, encoded, outbound, interval, sent: beats };
}

/** Notes when the page has encoded something, and when it got to run. */
async function watchEncoder() {
  const p = /** @type {any} */ (globalThis);
  const now = () => performance.timeOrigin + performance.now();
  p.record = { encoded: [], beats: [] };
  const { sender } = p.room.locals[0].transceiver;
  let frames = 0;
  p.beat = setInterval(async () => {
    const at = now();
    p.record.beats.push(at);
    let sum = 0;
    for (const s of (await sender.getStats()).values()) {
      sum += s.type === 'outbound-rtp' ? s.framesEncoded ?? 0 : 0;
    }
    if (sum > frames) {
      frames = sum;
      p.record.encoded.push(at);
    }
  }, 30);
}

/**
 * What a run comes to, in milliseconds. A picture that stands still is one that
 * goes on in the same slot; what the publisher did not encode meanwhile, at its
 * own pace, does not count, nor that a page did not get to run.
 * @param {Run} run
 */
export function summary(run) {
  const { seen, steps, inbound, outbound, polls } = run;
  const sum = (/** @type {Record<string, number>[]} */ list, /** @type {string} */ of) => list.reduce((n, s) => n + (s[of] ?? 0), 0);
  const moves = steps.filter((s) => s.what === 'slot' || s.what === 'pause');
  let [still, gap] = [0, 0];
  for (const [i, s] of seen.entries()) {
    const before = seen[i - 1];
    if (before?.mid === s.mid && !moves.some((m) => m.at > before.at && m.from < s.at)) {
      const idle = hole(run.encoded, before.at, s.at) + hole(run.beats, before.at, s.at);
      gap = Math.max(gap, s.at - before.at);
      const missed = run.encoded.filter((t) => t > before.at && t < s.at).length + 1;
      still = Math.max(still, Math.min(s.at - before.at - idle, missed * run.interval));
    }
  }
  const entries = moves.flatMap((m, i) => {
    const first = seen.find((s) => s.mid === m.mid && s.at > m.at)?.at ?? Infinity;
    const next = moves[i + 1]?.from ?? Infinity;
    return m.what === 'slot' && first < next ? [Math.round(first - m.at)] : [];
  }).sort((a, b) => a - b);
  // A slot that shows nothing asks after three seconds; that is not meant.
  const asked = polls.filter((p, i) => p.mid === polls[i - 1]?.mid && p.plis > polls[i - 1].plis &&
    seen.some((s) => s.mid === p.mid && s.at < p.at && s.at > p.at - 500));
  return {
    pictures: seen.length, seconds: (polls[polls.length - 1].at - polls[0].at) / 1000,
    still: Math.round(still), gap: Math.round(gap),
    entry: entries[entries.length - 1] ?? 0, median: entries[entries.length >> 1] ?? 0,
    missed: run.held.filter((h) => h.took === null), held: run.held.map((h) => h.took),
    undecoded: sum(inbound, 'framesReceived') - sum(inbound, 'framesDecoded') - sum(inbound, 'framesDropped'),
    dropped: sum(inbound, 'framesDropped'), asked: asked.length, plis: sum(inbound, 'pliCount'),
    lost: sum(inbound, 'packetsLost') - sum(inbound, 'retransmittedPacketsReceived'),
    keyFrames: Math.max(...outbound.map((s) => s.keyFramesEncoded)), encoded: outbound.map((s) => s.framesEncoded),
  };
}

/**
 * The longest time between two moments without another, beyond what is usual.
 * @param {number[]} moments @param {number} from @param {number} to
 */
function hole(moments, from, to) {
  const usual = 100;
  let longest = usual;
  for (const [i, t] of moments.entries()) {
    if (i > 0 && t > from && moments[i - 1] < to) {
      longest = Math.max(longest, Math.min(t, to) - Math.max(moments[i - 1], from));
    }
  }
  return longest - usual;
}
