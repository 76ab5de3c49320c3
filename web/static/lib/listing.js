// @ts-check
import { RoomError, refusal } from './errors.js';

/**
 * @typedef {object} Lobby what a room is like, before one joins
 * @property {string} name
 * @property {number} members how many there are
 * @property {string[]} [names] of members, for who may come in
 * @property {boolean} locked
 * @property {boolean} lobby who comes waits to be let in
 * @property {string[]} caps optional parts of the protocol that the server knows
 */

/** @typedef {{url?: string, token?: string, fetch?: typeof fetch}} Asking `url` is the server's; the page's origin if absent */

/**
 * The rooms that the server lists for everybody, most members first.
 * @param {Asking} [o]
 * @returns {Promise<{name: string, members: number}[]>} rejects with a {@link RoomError}
 */
export async function listRooms(o = {}) {
  return (await ask('/rooms', o)).rooms ?? [];
}

/**
 * What a room is like. One that is not open is as one without members.
 * @param {string} room
 * @param {Asking} [o] with the token that opens it, if there is one
 * @returns {Promise<Lobby>} rejects with a {@link RoomError}
 */
export function lookAt(room, o = {}) {
  return ask(`/rooms/${encodeURIComponent(room)}`, o);
}

/** @param {string} path @param {Asking} o @returns {Promise<any>} */
async function ask(path, o) {
  /** @type {Record<string, string>} */
  const headers = o.token ? { Authorization: `Bearer ${o.token}` } : {};
  let response;
  try {
    response = await (o.fetch ?? fetch)(`${o.url ?? ''}${path}`, { headers });
  } catch (err) {
    throw new RoomError('offline', String(err));
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer) {
    throw refusal(answer);
  }
  return answer;
}
