// @ts-check
import { language } from './i18n.js';
import { pathRow, trackRows } from './statistics.js';
/** @import {Context} from './call.js' */
/** @import {Report} from './statistics.js' */

/** Milliseconds over which rates are taken. */
const span = 500;

/**
 * What one would ask somebody whose call goes wrong. It names what is in it one
 * by one, so that no token, key, address or message can get into it.
 * @param {Context} ctx
 */
export async function diagnostics({ room, media }) {
  const look = async () => /** @type {Report} */ (/** @type {unknown} */ (await room.pc?.getStats() ?? new Map()));
  const before = await look();
  await new Promise((done) => setTimeout(done, span));
  const now = await look();
  const device = (/** @type {'mic'|'cam'} */ d) => {
    const { on, error, track } = media[d];
    const { width, height, frameRate, sampleRate } = track?.getSettings() ?? {};
    return { on, error, state: track?.readyState ?? null, systemMuted: track?.muted ?? null, width, height, frameRate, sampleRate };
  };
  return {
    time: new Date().toISOString(),
    browser: navigator.userAgent,
    language: language(),
    secure: isSecureContext,
    visible: document.visibilityState,
    screen: { width: innerWidth, height: innerHeight, density: devicePixelRatio },
    room: {
      state: room.state, transport: room.transport, offers: room.offers, members: room.members.length,
      published: room.locals.map(({ source, muted }) => ({ source, muted })),
      received: room.publications.map(({ id, source, codec, muted }) => ({ id, source, codec, muted })),
      slots: room.slots.map((s) => ({ mid: s.transceiver.mid, kind: s.kind, publication: s.publication, state: s.state, why: s.why, rid: s.rid })),
    },
    connection: {
      media: room.pc?.connectionState ?? null, ice: room.pc?.iceConnectionState ?? null, signalling: room.pc?.signalingState ?? null,
      ...pathRow(now),
    },
    devices: {
      mic: device('mic'), cam: device('cam'), speakerChosen: media.speaker !== '',
      cameras: media.list('cam').length, microphones: media.list('mic').length,
    },
    tracks: trackRows(now, before),
  };
}
