// @ts-check

// What the browser remembers on its own. All of it is a convenience: with
// storage refused or cleared the page works the same.

/**
 * @template T
 * @param {string} key
 * @param {T} fallback
 * @returns {T}
 */
export function recall(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`switchyard.${key}`) ?? 'null') ?? fallback;
  } catch {
    return fallback;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(`switchyard.${key}`, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden.
  }
}

/** Choices as this tab knows them. @type {Record<string, any>} */
let settings = recall('settings', {});

/**
 * A choice that the visitor made once and for all.
 * @template T
 * @param {string} key
 * @param {T} fallback until it is made
 * @returns {T}
 */
export function setting(key, fallback) {
  return Object.hasOwn(settings, key) ? settings[key] : fallback;
}

/**
 * @param {string} key
 * @param {unknown} value
 */
export function setSetting(key, value) {
  settings = { ...settings, ...recall('settings', {}), [key]: value };
  remember('settings', settings);
}

/** @returns {string[]} names of rooms, the last one first */
export function recentRooms() {
  const list = recall('rooms', /** @type {unknown[]} */ ([]));
  return Array.isArray(list) ? list.filter((r) => typeof r === 'string').map(String) : [];
}

/** @param {string} room */
export function rememberRoom(room) {
  remember('rooms', [room, ...recentRooms().filter((r) => r !== room)].slice(0, 5));
}

const sessionKey = 'switchyard.session';
const transportKey = 'switchyard.transport';

/** @import {Seat, Transport} from '../lib/types.js' */

/**
 * Keeps what carries events in the network of this tab, so that what is blocked
 * there is not waited for again.
 * @param {Transport} transport
 */
export function rememberTransport(transport) {
  try {
    sessionStorage.setItem(transportKey, transport);
  } catch {
    // The next room finds out for itself.
  }
}

/** @returns {Transport} */
export function knownTransport() {
  try {
    return sessionStorage.getItem(transportKey) === 'polling' ? 'polling' : 'websocket';
  } catch {
    return 'websocket';
  }
}

/**
 * Keeps our place in a room for a reload of this tab.
 * @param {string} room
 * @param {Seat|null} seat
 */
export function rememberSession(room, seat) {
  try {
    sessionStorage.setItem(sessionKey, JSON.stringify({ room, seat }));
  } catch {
    // After a reload we are somebody new, and the old one stays for some seconds.
  }
}

/** Called when the room was left: there is nothing to come back to. */
export function forgetSession() {
  try {
    sessionStorage.removeItem(sessionKey);
  } catch {
    // It could not be kept either.
  }
}

/**
 * @param {string} room
 * @returns {Seat|undefined} the place that this tab had before it was reloaded.
 *   A second or duplicated tab has none, because it is a second member; it
 *   forgets what it was given as a copy.
 */
export function reloadedSession(room) {
  const [navigation] = performance.getEntriesByType('navigation');
  if (/** @type {PerformanceNavigationTiming|undefined} */ (navigation)?.type !== 'reload') {
    forgetSession();
    return undefined;
  }
  try {
    const kept = JSON.parse(sessionStorage.getItem(sessionKey) ?? '{}');
    const { session, key } = (kept.room === room && kept.seat) || {};
    return session && key ? { session: String(session), key: String(key) } : undefined;
  } catch {
    return undefined;
  }
}
