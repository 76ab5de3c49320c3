// @ts-check
// What is asked of devices, and whether one would have to ask the person.

/** @typedef {'mic'|'cam'} Device */
/**
 * @typedef {object} Capture of one device
 * @property {MediaStreamTrack|null} source the device's own track
 * @property {MediaStreamTrack|null} track what is shown and sent: the device's own, or
 *   what is made of it
 * @property {boolean} on what the person wants
 * @property {string} id of the device chosen, empty for the default one
 * @property {string} error code of page.md, empty if there is none
 * @property {number} wish grows when the person decides anew, so that what was
 *   asked for before is not taken any more
 */

export const kindOf = { mic: 'audioinput', cam: 'videoinput', speaker: 'audiooutput' };

/** Whether the browser lets a page choose where sound comes out. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

/** Lines of the camera's picture that can be chosen. */
export const heights = [360, 720, 1080];

/**
 * What was chosen and is there is meant, not only liked: browsers may take
 * another one for an id that is no more than a wish.
 * @param {string} id of a device, empty for the default one
 * @param {MediaDeviceInfo[]} list of those that are there
 * @returns {ConstrainDOMString|undefined}
 */
const device = (id, list) => (list.some((i) => i.deviceId === id) ? { exact: id } : id || undefined);

/**
 * @param {string} id of the device, empty for the default one
 * @param {MediaDeviceInfo[]} list
 * @returns {MediaTrackConstraints}
 */
export const sound = (id, list) => ({
  deviceId: device(id, list), echoCancellation: true, noiseSuppression: true, autoGainControl: true,
});

/**
 * @param {string} id of the device, empty for the default one
 * @param {MediaDeviceInfo[]} list
 * @param {string} facing where it looks, empty where that does not matter
 * @returns {MediaTrackConstraints}
 */
export const picture = (id, list, facing) => ({ deviceId: device(id, list), facingMode: facing || undefined });

/**
 * @param {number} height in lines, at most
 * @returns {MediaTrackConstraints}
 */
export const size = (height) => ({
  width: { ideal: Math.round(height * 16 / 9) }, height: { ideal: height }, frameRate: { ideal: 30 },
});

/**
 * @param {MediaStreamTrack|null} track of the camera in use
 * @param {MediaDeviceInfo[]} list
 * @returns {{facing: string, id: string}} the camera that looks the other way,
 *   or the next one where none says which way it looks
 */
export function otherCamera(track, list) {
  const { facingMode, deviceId } = track?.getSettings() ?? {};
  if (facingMode) {
    return { facing: facingMode === 'environment' ? 'user' : 'environment', id: '' };
  }
  const at = list.findIndex((i) => i.deviceId === deviceId);
  return { facing: '', id: list[(at + 1) % list.length]?.deviceId ?? '' };
}

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
