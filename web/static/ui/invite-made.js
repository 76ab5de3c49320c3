// @ts-check
/** @import {Role} from '../lib/protocol.js' */

/**
 * @typedef {object} Made an invitation that was made in this tab
 * @property {string} id
 * @property {string} url
 * @property {Role} role
 * @property {number} expires milliseconds since 1970
 * @property {number} uses 0 for any number
 */

/**
 * Lists the invitations that were made in this tab and are not over, the newest
 * first. A reload keeps them; another tab does not see them.
 * @param {string} room
 * @param {Made} [one] that was made now
 * @returns {Made[]}
 */
export function made(room, one) {
  /** @type {Made[]} */
  let list = [];
  try {
    list = JSON.parse(sessionStorage.getItem(key(room)) ?? '[]');
  } catch {
    // Storage is forbidden: there is no list.
  }
  list = list.filter((i) => i.expires > Date.now());
  return one ? keep(room, [one, ...list]) : list;
}

/** @param {string} room @param {string} id of one that lets nobody in any more */
export const revoked = (room, id) => keep(room, made(room).filter((i) => i.id !== id));

/** @param {string} room @param {Made[]} list */
function keep(room, list) {
  try {
    sessionStorage.setItem(key(room), JSON.stringify(list));
  } catch {
    // It is as good as it was, but nobody remembers it.
  }
  return list;
}

/** @param {string} room */
const key = (room) => `switchyard.invitations.${room}`;
