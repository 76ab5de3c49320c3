// @ts-check

/**
 * Puts text on the clipboard, which browsers offer on secure origins only.
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there
 */
export function copied(text) {
  const written = navigator.clipboard?.writeText(text).then(() => true, () => false);
  return written ?? Promise.resolve(false);
}
