// @ts-check
import { RoomError } from './errors.js';

/** How long the answer may take, in milliseconds. */
const patience = 10_000;

/**
 * @typedef {object} Visit
 * @property {string} name as the server will remember it
 * @property {RTCIceServer[]} iceServers
 */

/**
 * Tells the server the visitor's name. It answers with a cookie that fills
 * the name in next time, and with the ICE servers to use, which are needed
 * before the first offer.
 *
 * @param {string} name
 * @param {{url?: string, fetch?: typeof fetch, patience?: number}} [o] `patience` is for tests
 * @returns {Promise<Visit>} rejects with a {@link RoomError}
 */
export async function visit(name, o = {}) {
  const send = o.fetch ?? fetch;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), o.patience ?? patience);
  let response, answer;
  try {
    response = await send(`${o.url ?? ''}/visitor`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
      signal: stop.signal,
    });
    answer = await response.json().catch((err) => {
      if (stop.signal.aborted) {
        throw err;
      }
    });
  } catch (err) {
    throw new RoomError(stop.signal.aborted ? 'timeout' : 'offline', String(err));
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || !answer) {
    const code = typeof answer?.code === 'string' ? answer.code : 'internal';
    throw new RoomError(code, `POST /visitor: ${response.status}`);
  }
  return { name: answer.name ?? name, iceServers: answer.ice_servers ?? [] };
}
