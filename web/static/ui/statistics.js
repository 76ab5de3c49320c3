// @ts-check
// What the browser's statistics mean, in numbers for people. Nothing here
// touches the page.

/** @typedef {Record<string, any>} Stat one of the browser's */
/**
 * @typedef {object} TrackRow one stream of RTP, as it is now
 * @property {string} id
 * @property {'in'|'out'} direction
 * @property {'audio'|'video'} kind
 * @property {string} mid
 * @property {string} codec
 * @property {string} size such as `640×360@25`, empty for sound
 * @property {string} layer RID and scalability mode, or what is known of them
 * @property {number|null} kbps
 * @property {number|null} loss fraction of the packets, 0 to 1, since the look before
 * @property {number|null} rtt in milliseconds
 * @property {number|null} buffer of jitter, in milliseconds
 */
/**
 * @typedef {object} PathRow how the packets go
 * @property {'UDP'|'TCP'|'TURN'|''} path
 * @property {number|null} rtt in milliseconds
 * @property {number|null} outgoing estimate in kbit/s
 */

/** @typedef {Map<string, Stat>} Report */

/**
 * @param {Report} now
 * @param {Report|null} before an earlier one, null for the first look
 * @returns {TrackRow[]} those that carry anything, what is received first
 */
export function trackRows(now, before) {
  /** @type {TrackRow[]} */
  const rows = [];
  for (const s of now.values()) {
    if (s.type === 'inbound-rtp' && s.packetsReceived > 0) {
      rows.push(inbound(s, now, before?.get(s.id)));
    } else if (s.type === 'outbound-rtp' && s.active !== false && s.packetsSent > 0) {
      rows.push(outbound(s, now, before));
    }
  }
  return rows.sort((a, b) => a.direction.localeCompare(b.direction));
}

/**
 * @param {Stat} s
 * @param {Report} now
 * @param {Stat|undefined} old
 * @returns {TrackRow}
 */
function inbound(s, now, old) {
  const got = delta(s, old, 'packetsReceived');
  const lost = delta(s, old, 'packetsLost');
  const waited = delta(s, old, 'jitterBufferDelay');
  const out = delta(s, old, 'jitterBufferEmittedCount');
  return {
    ...common(s, now), direction: 'in', kbps: rate(s, old, 'bytesReceived'), layer: '', rtt: null,
    loss: got !== null && lost !== null && got + lost > 0 ? Math.max(0, lost / (got + lost)) : null,
    buffer: waited !== null && out ? 1000 * waited / out : null,
  };
}

/**
 * @param {Stat} s
 * @param {Report} now
 * @param {Report|null} before
 * @returns {TrackRow}
 */
function outbound(s, now, before) {
  const remote = now.get(s.remoteId);
  return {
    ...common(s, now), direction: 'out', kbps: rate(s, before?.get(s.id), 'bytesSent'),
    layer: [s.rid, s.scalabilityMode].filter(Boolean).join(' '),
    loss: remote?.fractionLost ?? null, rtt: seconds(remote?.roundTripTime), buffer: null,
  };
}

/**
 * @param {Stat} s
 * @param {Report} now
 */
function common(s, now) {
  const fps = s.framesPerSecond === undefined ? '' : `@${Math.round(s.framesPerSecond)}`;
  return {
    id: String(s.id), kind: s.kind, mid: String(s.mid ?? ''),
    codec: String(now.get(s.codecId)?.mimeType ?? '').split('/')[1] ?? '',
    size: s.kind === 'video' && s.frameWidth ? `${s.frameWidth}×${s.frameHeight}${fps}` : '',
  };
}

/**
 * @param {Report} now
 * @returns {PathRow}
 */
export function pathRow(now) {
  const transport = [...now.values()].find((s) => s.type === 'transport' && s.selectedCandidatePairId);
  const pair = now.get(transport?.selectedCandidatePairId)
    ?? [...now.values()].find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  const local = now.get(pair?.localCandidateId);
  const relayed = local?.candidateType === 'relay';
  return {
    path: relayed ? 'TURN' : local?.protocol === 'tcp' ? 'TCP' : local ? 'UDP' : '',
    rtt: seconds(pair?.currentRoundTripTime),
    outgoing: pair?.availableOutgoingBitrate === undefined ? null : pair.availableOutgoingBitrate / 1000,
  };
}

/** @param {number|undefined} s @returns {number|null} milliseconds */
const seconds = (s) => (s === undefined ? null : 1000 * s);

/**
 * @param {Stat} s
 * @param {Stat|undefined} old
 * @param {string} what
 * @returns {number|null} how much it has grown
 */
function delta(s, old, what) {
  return old && s[what] !== undefined && old[what] !== undefined ? s[what] - old[what] : null;
}

/**
 * @param {Stat} s
 * @param {Stat|undefined} old
 * @param {string} bytes
 * @returns {number|null} in kbit/s
 */
function rate(s, old, bytes) {
  const n = delta(s, old, bytes);
  const ms = old ? s.timestamp - old.timestamp : 0;
  return n !== null && ms > 0 ? 8 * n / ms : null;
}
