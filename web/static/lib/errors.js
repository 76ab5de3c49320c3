// @ts-check

/**
 * RoomError is a refusal with a code of the protocol, or one of those that
 * only a client knows: `offline`, `timeout`, `not_joined`, `closed`, `aborted`,
 * `moved` (to another room, for which it was not meant).
 */
export class RoomError extends Error {
  /**
   * @param {string} code
   * @param {string} [message] for developers; people read the sentence of `error.<code>`
   * @param {number} [retryAfter] in milliseconds, 0 if the server named none
   */
  constructor(code, message, retryAfter = 0) {
    super(message || code);
    this.name = 'RoomError';
    this.code = code;
    this.retryAfter = retryAfter;
    /** Of the lobby in which to wait, with the code `waiting`. */
    this.ticket = '';
  }
}

/**
 * refusal makes an error of an acknowledgement that is not ok.
 * @param {{code?: string, message?: string, retry_after_ms?: number, ticket?: string}|null|undefined} ack
 */
export function refusal(ack) {
  const err = new RoomError(ack?.code || 'internal', ack?.message, ack?.retry_after_ms);
  err.ticket = ack?.ticket ?? '';
  return err;
}

/**
 * captureCode names why a microphone, camera or screen could not be opened.
 *
 * NotAllowedError has two causes that ask for different advice: the person or
 * the browser's settings said no, or the operating system did, which Chromium
 * tells in the message only.
 *
 * @param {unknown} err of getUserMedia or getDisplayMedia
 * @param {'mic'|'cam'|'screen'} device
 * @returns {string} `<device>_<cause>`
 */
export function captureCode(err, device) {
  const name = err instanceof Error || err instanceof DOMException ? err.name : '';
  const message = err instanceof Error || err instanceof DOMException ? err.message : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return /denied by system/i.test(message) ? `${device}_denied_os` : `${device}_denied`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `${device}_missing`;
    case 'NotReadableError':
    case 'AbortError':
      return `${device}_busy`;
    default:
      return `${device}_failed`;
  }
}
