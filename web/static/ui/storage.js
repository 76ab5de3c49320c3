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

/**
 * Keeps the session for a reload of this tab.
 * @param {string} room
 * @param {string} session
 */
export function rememberSession(room, session) {
  try {
    sessionStorage.setItem(sessionKey, JSON.stringify({ room, session }));
  } catch {
    // After a reload the old member stays in the room for some seconds.
  }
}

/** Called when the room was left: there is nothing to replace any more. */
export function forgetSession() {
  try {
    sessionStorage.removeItem(sessionKey);
  } catch {
    // It could not be kept either.
  }
}

/**
 * @param {string} room
 * @returns {string} the session of this tab before it was reloaded, or empty.
 *   A second or duplicated tab has none, because it is a second member.
 */
export function reloadedSession(room) {
  const [navigation] = performance.getEntriesByType('navigation');
  if (/** @type {PerformanceNavigationTiming|undefined} */ (navigation)?.type !== 'reload') {
    return '';
  }
  try {
    const kept = JSON.parse(sessionStorage.getItem(sessionKey) ?? '{}');
    return kept.room === room ? String(kept.session) : '';
  } catch {
    return '';
  }
}
