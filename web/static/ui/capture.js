// @ts-check
// What is asked of devices, and whether one would have to ask the person.

/** @typedef {'mic'|'cam'} Device */
/**
 * @typedef {object} Capture of one device
 * @property {MediaStreamTrack|null} track
 * @property {boolean} on what the person wants
 * @property {string} id of the device chosen, empty for the default one
 * @property {string} error code of page.md, empty if there is none
 * @property {number} wish grows when the person decides anew, so that what was
 *   asked for before is not taken any more
 */

/** Lines of the camera's picture that can be chosen. */
export const heights = [360, 720, 1080];

/**
 * @param {string} deviceId empty for the default one
 * @returns {MediaTrackConstraints}
 */
export const sound = (deviceId) => ({
  deviceId: deviceId || undefined, echoCancellation: true, noiseSuppression: true, autoGainControl: true,
});

/**
 * @param {string} deviceId empty for the default one
 * @param {string} facing where it looks, empty where that does not matter
 * @param {number} height in lines, at most
 * @returns {MediaTrackConstraints}
 */
export const picture = (deviceId, facing, height) => ({
  deviceId: deviceId || undefined, facingMode: facing || undefined,
  width: { ideal: Math.round(height * 16 / 9) }, height: { ideal: height }, frameRate: { ideal: 30 },
});

/**
 * @param {Device} d
 * @returns {Promise<string>} `granted`, `denied` or `prompt`
 */
export async function permission(d) {
  try {
    const name = /** @type {PermissionName} */ (d === 'mic' ? 'microphone' : 'camera');
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return 'prompt';
  }
}
