// @ts-check
import { Signalling } from './signalling.js';
/** @import {CheckOptions, CheckResult, Transport} from './types.js' */

/** How long may take, in milliseconds: two tries of the socket, its turning into a WebSocket, media. */
const within = 15_000;
const upgradeWithin = 1500;
const mediaWithin = 6000;

/**
 * Finds out, without joining, what the network lets through: events by a
 * connection that says nothing, media by a transport that carries nothing and
 * goes to where that of a room would. Takes a moment where all is well, and up to
 * 15 s where something is blocked, because silence is known by waiting only.
 *
 * @param {CheckOptions} [o]
 * @returns {Promise<CheckResult>}
 */
export async function checkConnection(o = {}) {
  const [events, media] = await Promise.all([checkEvents(o), checkMedia(o)]);
  return { events, media };
}

/** @param {CheckOptions} o @returns {Promise<Transport|'blocked'>} */
function checkEvents({ url, connect, signal }) {
  const s = new Signalling({ url, connect });
  return new Promise((done) => {
    const end = (/** @type {Transport|'blocked'} */ found) => {
      clearTimeout(timer);
      s.close();
      done(found);
    };
    let timer = setTimeout(() => end('blocked'), within);
    s.on('up', () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(s.transport), s.transport === 'polling' ? upgradeWithin : 0);
    });
    s.on('transport', (transport) => transport === 'websocket' && end(transport));
    s.on('refused', () => end('blocked'));
    signal?.addEventListener('abort', () => end('blocked'));
    s.open();
  });
}

/** @param {CheckOptions} o @returns {Promise<CheckResult['media']>} */
async function checkMedia(o) {
  const PeerConnection = o.PeerConnection ?? globalThis.RTCPeerConnection;
  if (!PeerConnection) {
    return 'unknown';
  }
  const pc = new PeerConnection({ iceServers: o.iceServers ?? [] });
  try {
    pc.createDataChannel('check');
    await pc.setLocalDescription(await pc.createOffer());
    const response = await (o.fetch ?? fetch)(`${o.url ?? ''}/check`, {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription?.sdp, signal: o.signal,
    });
    if (!response.ok) {
      return 'unknown';
    }
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    await decided(pc, o.signal);
    return o.signal?.aborted ? 'unknown' : pc.connectionState === 'connected' ? await wayOf(pc) : 'blocked';
  } catch {
    return 'unknown'; // that the server is out of reach, the other half tells
  } finally {
    pc.close();
  }
}

/** @param {RTCPeerConnection} pc @param {AbortSignal} [signal] @returns {Promise<void>} */
function decided(pc, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, mediaWithin);
    const look = () => {
      if (signal?.aborted || pc.connectionState === 'connected' || pc.connectionState === 'failed') {
        clearTimeout(timer);
        done();
      }
    };
    pc.addEventListener('connectionstatechange', look);
    signal?.addEventListener('abort', look);
    look();
  });
}

/**
 * @param {RTCPeerConnection} pc that is connected
 * @returns {Promise<'udp'|'tcp'|'relay'>}
 */
async function wayOf(pc) {
  const stats = /** @type {Map<string, any>} */ (/** @type {unknown} */ (await pc.getStats()));
  const all = [...stats.values()];
  const pair = stats.get(all.find((s) => s.type === 'transport')?.selectedCandidatePairId)
    ?? all.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  const local = stats.get(pair?.localCandidateId);
  return local?.candidateType === 'relay' ? 'relay' : local?.protocol === 'tcp' ? 'tcp' : 'udp';
}
