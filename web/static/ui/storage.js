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
