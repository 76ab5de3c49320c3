// @ts-check
// Takes the token of a link out of the address. This is the first module that the
// page evaluates, so that nothing else sees it there, and what is copied from the
// address bar lets nobody in.

/**
 * @param {string} text a link or its fragment
 * @returns {string} the token in it, or nothing
 */
export const tokenIn = (text) => /[#&]token=([\w.-]{1,8192})/.exec(text)?.[1] ?? '';

const given = tokenIn(location.hash);
if (given) {
  history.replaceState(history.state, '', location.pathname + location.search);
}

// Who opens a link to where the page is already changes the fragment alone.
addEventListener('hashchange', () => tokenIn(location.hash) && location.reload());

/**
 * @param {string} room
 * @returns {string|undefined} the token for a room: that of the link, which this
 *   tab remembers for when it is loaded again
 */
export function tokenFor(room) {
  const key = `switchyard.token.${room}`;
  try {
    if (given) {
      sessionStorage.setItem(key, given);
    }
    return given || sessionStorage.getItem(key) || undefined;
  } catch {
    return given || undefined; // storage is forbidden
  }
}
