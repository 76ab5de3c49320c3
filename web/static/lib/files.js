// @ts-check
import { RoomError, refusal } from './errors.js';
/** @import {Attachment, Message} from './protocol.js' */
/** @import {Seat} from './types.js' */

/** Most bytes of a file, where the server names no limit. */
export const maxFile = 10 << 20;
/** How long nothing of a file may get through, and then how long the answer may take, in milliseconds. */
const patience = 30_000;

/**
 * @typedef {object} FileOptions
 * @property {string} [to] the only member who gets it
 * @property {(fraction: number) => void} [onprogress] from 0 to 1
 * @property {AbortSignal} [signal] stops sending
 */

/**
 * @typedef {object} FilePlace where a file goes
 * @property {string} url of the server; empty for the page's origin
 * @property {string} room
 * @property {Seat} seat who sends it
 * @property {number} [limit] most bytes that the server takes
 * @property {number} [patience] in milliseconds without progress, for tests
 * @property {typeof XMLHttpRequest} [XMLHttpRequest] for tests
 */

/**
 * The address of a file. Whoever knows it may fetch it while the room lasts.
 * @param {string} url of the server; empty for the page's origin
 * @param {string} room
 * @param {Pick<Attachment, 'id'>} attachment
 */
export function fileURL(url, room, { id }) {
  return `${url}/files/${encodeURIComponent(room)}/${encodeURIComponent(id)}`;
}

/**
 * Sends a file, which the server tells the others as a message. It is an
 * XMLHttpRequest because fetch does not tell how far it is.
 * @param {FilePlace} place
 * @param {File} file
 * @param {FileOptions} o
 * @returns {Promise<Message>} the message; rejects with a {@link RoomError}
 */
export function upload(place, file, o) {
  const limit = place.limit || maxFile;
  if (file.size > limit) {
    return Promise.reject(new RoomError('too_large', `a file has at most ${limit} bytes`));
  }
  const query = new URLSearchParams({ name: file.name });
  if (o.to) {
    query.set('to', o.to);
  }
  return new Promise((done, failed) => {
    const Request = place.XMLHttpRequest ?? XMLHttpRequest;
    const x = new Request();
    let late = false;
    const stop = () => x.abort();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        late = true;
        x.abort();
      }, place.patience ?? patience);
    };
    x.open('POST', `${place.url}/files/${encodeURIComponent(place.room)}?${query}`);
    x.responseType = 'json';
    x.setRequestHeader('Authorization', `Bearer ${place.seat.session}.${place.seat.key}`);
    x.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    x.upload.onprogress = (e) => {
      wait();
      if (e.lengthComputable) {
        o.onprogress?.(e.loaded / e.total);
      }
    };
    x.onload = () => (x.status === 201 && x.response ? done(x.response) : failed(refusal(x.response)));
    x.onerror = () => failed(new RoomError('offline', 'the file was not sent'));
    x.onabort = () => failed(new RoomError(late ? 'timeout' : 'aborted', 'the file was not sent'));
    x.onloadend = () => {
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', stop);
    };
    o.signal?.addEventListener('abort', stop);
    wait();
    x.send(file);
    if (o.signal?.aborted) {
      stop();
    }
  });
}
