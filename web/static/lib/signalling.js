// @ts-check
import { io as connect } from '../vendor/socket.io.esm.min.js';
import { Emitter } from './emitter.js';
import { RoomError, refusal } from './errors.js';

/**
 * What this file needs of a socket of socket.io-client, so that tests can
 * bring their own.
 * @typedef {object} SocketLike
 * @property {boolean} connected
 * @property {boolean} active false once nobody tries to connect any more
 * @property {() => unknown} connect
 * @property {() => unknown} disconnect
 * @property {(name: string, listener: (...args: any[]) => void) => unknown} on
 * @property {(ms: number) => {emit: (name: string, arg: object, ack: (err: Error|null, answer?: any) => void) => unknown}} timeout
 */

/**
 * Delays are short because a call is live: the first try comes after 125 to
 * 375 ms, later ones at most 7.5 s apart. They never end while the page lives.
 */
export const options = {
  path: '/socket.io/',
  transports: ['websocket'],
  autoConnect: false,
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 250,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 10_000,
  forceNew: true,
};

/** How long an acknowledgement may take, in milliseconds. */
const ackTimeout = 15_000;

/** Events of the server that rooms understand. */
const events = /** @type {const} */ (['state', 'slots', 'speakers', 'new_message', 'need', 'bye']);

/**
 * Signalling carries events and acknowledgements over one socket.
 *
 * Nothing is buffered: socket.io-client would queue what is emitted while
 * offline and replay it on the next connection, where an old offer or
 * subscription is wrong. A request without a connection is refused at once.
 *
 * Events: `up` and `down` when the connection comes and goes, `refused` when
 * the server does not accept it, and those of the server by their own names.
 *
 * @extends {Emitter<{up: void, down: string, refused: RoomError} & {[name: string]: any}>}
 */
export class Signalling extends Emitter {
  /** @type {SocketLike} */
  #socket;

  /**
   * @param {object} [o]
   * @param {string} [o.url] of the server; the page's own origin if absent
   * @param {(url: string|undefined, options: object) => SocketLike} [o.connect] for tests
   */
  constructor(o = {}) {
    super();
    const open = o.connect ?? ((url, opts) => (url ? connect(url, opts) : connect(opts)));
    this.#socket = open(o.url, options);
    this.#socket.on('connect', () => this.emit('up', undefined));
    this.#socket.on('disconnect', (reason) => this.emit('down', String(reason)));
    this.#socket.on('connect_error', (err) => {
      // An active socket is still trying; else a middleware said no.
      if (!this.#socket.active) {
        this.emit('refused', new RoomError(err?.data?.code ?? 'unauthorized', err?.message));
      }
    });
    for (const name of events) {
      this.#socket.on(name, (arg) => this.emit(name, arg ?? {}));
    }
  }

  get connected() {
    return this.#socket.connected;
  }

  open() {
    this.#socket.connect();
  }

  close() {
    this.#socket.disconnect();
  }

  /** Tries again now instead of after the current delay. */
  hurry() {
    if (!this.#socket.connected) {
      this.renew();
    }
  }

  /** Connects anew, though the connection may look alive. */
  renew() {
    this.#socket.disconnect();
    this.#socket.connect();
  }

  /**
   * Sends an event and waits for its acknowledgement.
   * @param {string} name
   * @param {object} arg
   * @param {number} [timeout] in milliseconds
   * @returns {Promise<any>} the acknowledgement; rejects with a {@link RoomError}
   */
  request(name, arg, timeout = ackTimeout) {
    if (!this.#socket.connected) {
      return Promise.reject(new RoomError('offline', `${name}: no connection`));
    }
    return new Promise((resolve, reject) => {
      this.#socket.timeout(timeout).emit(name, arg, (err, ack) => {
        if (err) {
          const code = this.#socket.connected ? 'timeout' : 'offline';
          reject(new RoomError(code, `${name}: ${err.message}`));
        } else if (!ack?.ok) {
          reject(refusal(ack));
        } else {
          resolve(ack);
        }
      });
    });
  }
}
