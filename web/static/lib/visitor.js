// @ts-check
import { RoomError } from './errors.js';

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
 * @param {{url?: string, fetch?: typeof fetch}} [o]
 * @returns {Promise<Visit>} rejects with a {@link RoomError}
 */
export async function visit(name, o = {}) {
  const send = o.fetch ?? fetch;
  let response;
  try {
    response = await send(`${o.url ?? ''}/visitor`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
    });
  } catch (err) {
    throw new RoomError('offline', String(err));
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer) {
    const code = typeof answer?.code === 'string' ? answer.code : 'internal';
    throw new RoomError(code, `POST /visitor: ${response.status}`);
  }
  return { name: answer.name ?? name, iceServers: answer.ice_servers ?? [] };
}
