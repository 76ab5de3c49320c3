// @ts-check

/**
 * @typedef {object} Facts about the picture of a tile
 * @property {boolean} [away] the connection of its member is lost
 * @property {boolean} there something is published
 * @property {boolean} [muted] by who publishes it
 * @property {boolean} [wanted] by the visitor
 * @property {boolean} [decodes] this browser knows the codec
 * @property {{state: string, why?: string}} [slot] where the server sends it
 */

/**
 * Why a tile shows no live picture, the nearest reason first: codes that the
 * strings `why.*` put in words, and whatever code the server gives.
 * @param {Facts} f
 * @returns {string[]} empty if there should be a picture
 */
export function reasons(f) {
  if (!f.there) {
    return f.away ? ['away', 'no_source'] : ['no_source'];
  }
  /** @type {string[]} */
  const list = [];
  const add = (/** @type {unknown} */ yes, /** @type {string} */ code) => yes && !list.includes(code) && list.push(code);
  add(f.muted, 'muted');
  add(f.wanted === false, 'hand');
  add(f.decodes === false, 'codec');
  add(f.slot?.why, f.slot?.why ?? '');
  if (list.length === 0) {
    add(!f.slot, 'asked');
    add(f.slot && f.slot.state !== 'live', 'paused');
  }
  if (list.length > 0) {
    add(f.away, 'away');
  }
  return list;
}

/** @type {Set<string>|null} */
let decodable = null;

/**
 * @param {string} codec of a publication, such as `VP8`
 * @returns {boolean} whether this browser decodes it, as far as it tells
 */
export function decodes(codec) {
  decodable ??= new Set((globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs ?? []).map((c) => c.mimeType.toLowerCase()));
  const name = codec.toLowerCase();
  return codec === '' || decodable.size === 0 || decodable.has(name.includes('/') ? name : `video/${name}`);
}
