// @ts-check
/** @import {Source} from './protocol.js' */

// What the media sections of an offer are made of: codecs, header extensions
// and encodings. Short offers are fast offers: trimming the codecs brings the
// first negotiation of 100 sections from 0.3 s to 0.1 s.

const codecs = {
  audio: ['audio/opus', 'audio/red'],
  video: [
    'video/vp8', 'video/vp9', 'video/av1', 'video/h264',
    'video/rtx', 'video/red', 'video/flexfec-03',
  ],
};

const absCaptureTime = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
const dependencyDescriptor =
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/**
 * trimmed keeps the codecs that the server forwards, best known first, and of
 * their profiles the one that everybody decodes: VP9 profile 0, AV1 main,
 * constrained-baseline H.264 in packetization mode 1. Retransmission and
 * redundancy are formats of their own and stay.
 *
 * @param {RTCRtpCodec[]} all
 * @param {'audio'|'video'} kind
 * @returns {RTCRtpCodec[]}
 */
export function trimmed(all, kind) {
  const order = codecs[kind];
  const rank = (/** @type {RTCRtpCodec} */ c) => order.indexOf(c.mimeType.toLowerCase());
  return all
    .filter((c) => rank(c) >= 0 && commonProfile(c))
    .sort((a, b) => rank(a) - rank(b));
}

/** @param {RTCRtpCodec} c */
function commonProfile(c) {
  const fmtp = c.sdpFmtpLine ?? '';
  switch (c.mimeType.toLowerCase()) {
    case 'video/h264':
      return /packetization-mode=1/.test(fmtp) && /profile-level-id=42e0/i.test(fmtp);
    case 'video/vp9':
      return !/profile-id=[1-9]/.test(fmtp);
    case 'video/av1':
      return !/(^|;)\s*profile=[1-9]/.test(fmtp);
    default:
      return true;
  }
}

/** Formats that help any codec, and are none. */
const helpers = ['video/rtx', 'video/red', 'video/flexfec-03'];

/**
 * @param {string} codec such as `H264`
 * @returns {boolean} whether the browser encodes it, as far as it tells
 */
export function canSend(codec) {
  const all = globalThis.RTCRtpSender?.getCapabilities?.('video')?.codecs;
  return !all || trimmed(all, 'video').some((c) => isIn(c, codec));
}

/** @param {RTCRtpCodec} c @param {string} codec */
function isIn(c, codec) {
  return c.mimeType.toLowerCase() === `video/${codec.toLowerCase()}`;
}

/**
 * trim sets codecs and header extensions of a section. Browsers that refuse
 * keep their own, which costs bytes only.
 * @param {RTCRtpTransceiver} t
 * @param {'audio'|'video'} kind
 * @param {string} [codec] the only one, such as `H264`
 */
export function trim(t, kind, codec) {
  const receives = t.direction === 'recvonly';
  const side = receives ? globalThis.RTCRtpReceiver : globalThis.RTCRtpSender;
  const all = side?.getCapabilities?.(kind)?.codecs;
  const kept = trimmed(all ?? [], kind)
    .filter((c) => !codec || isIn(c, codec) || helpers.includes(c.mimeType.toLowerCase()));
  try {
    if (kept.length > 0) {
      t.setCodecPreferences(kept);
    }
  } catch {
    // The browser's own list stays.
  }
  extend(t, kind, receives);
}

/**
 * Turns on the capture time everywhere, and on video slots the dependency
 * descriptor, without which spatial layers of AV1 do not decode.
 * @param {RTCRtpTransceiver} t
 * @param {'audio'|'video'} kind
 * @param {boolean} receives
 */
function extend(t, kind, receives) {
  const section = /** @type {any} */ (t); // not in TypeScript's DOM library yet
  if (!section.getHeaderExtensionsToNegotiate || !section.setHeaderExtensionsToNegotiate) {
    return;
  }
  try {
    const list = section.getHeaderExtensionsToNegotiate();
    for (const e of list) {
      if (e.uri === absCaptureTime || (receives && kind === 'video' && e.uri === dependencyDescriptor)) {
        e.direction = 'sendrecv';
      }
    }
    section.setHeaderExtensionsToNegotiate(list);
  } catch {
    // Optional on both sides.
  }
}

/**
 * A camera is sent in three sizes, so that everybody gets one that fits. The
 * largest comes first, because Chromium leaves the last ones out for which a
 * small camera has too few pixels.
 * @param {Source} source
 * @returns {RTCRtpEncodingParameters[]} bitrates in bit/s
 */
export function encodings(source) {
  switch (source) {
    case 'camera':
      return [
        { rid: 'f', maxBitrate: 1_700_000 },
        { rid: 'h', maxBitrate: 500_000, scaleResolutionDownBy: 2 },
        { rid: 'q', maxBitrate: 150_000, scaleResolutionDownBy: 4 },
      ];
    case 'screen':
      return [{ maxBitrate: 2_500_000, maxFramerate: 30 }];
    case 'screen_audio':
      return [{ maxBitrate: 96_000 }];
    default:
      return [{ maxBitrate: 48_000 }];
  }
}

/**
 * @param {Source} source
 * @returns {RTCRtpEncodingParameters} the largest of its encodings, as the only one
 */
export function single(source) {
  const bitrates = encodings(source).map((e) => e.maxBitrate ?? 0);
  return { maxBitrate: Math.max(...bitrates) };
}

/**
 * Tells the encoder what the picture is for: text has to be sharp, faces
 * have to move. What the owner of the track has said of it stays.
 * @param {MediaStreamTrack} track
 * @param {Source} source
 */
export function hint(track, source) {
  if ('contentHint' in track && !track.contentHint) {
    track.contentHint = { screen: 'detail', camera: 'motion', microphone: 'speech' }[
      /** @type {string} */ (source)
    ] ?? '';
  }
}
