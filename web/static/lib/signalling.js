// @ts-check
import { io as connect } from './vendor/socket.io.esm.min.js';
import { Emitter } from './emitter.js';
import { RoomError, refusal } from './errors.js';

/** @import {Transport} from './types.js' */

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
 * @property {ManagerLike} io
 */

/**
 * @typedef {object} ManagerLike what opens the connections of a socket
 * @property {{transports?: any}} opts are read at each opening
 * @property {(ms: number) => unknown} timeout of the next opening
 * @property {{transport: {name: string}, once: (name: 'upgrade', listener: () => void) => unknown}} engine
 *   the present connection
 */

/**
 * Delays are short because a call is live: the first try comes after 125 to
 * 375 ms, later ones at most 7.5 s apart. They never end while the page lives.
 */
export const options = {
  path: '/socket.io/',
  autoConnect: false,
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 250,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  forceNew: true,
};

/**
 * How a connection is opened: what is tried, and how long it may take, in
 * milliseconds. Some networks block WebSocket, and some of these say nothing and
 * keep it waiting for ever, hence the shorter time. Polling gets through wherever
 * the page did; it turns into a WebSocket by itself where that works.
 * @type {Record<Transport, {transports: Transport[], timeout: number}>}
 */
export const openings = {
  websocket: { transports: ['websocket'], timeout: 4000 },
  polling: { transports: ['polling', 'websocket'], timeout: 10_000 },
};

/** How long an acknowledgement may take, in milliseconds. */
const ackTimeout = 15_000;

/** Events of the server that rooms understand. */
const events = /** @type {const} */ (['state', 'slots', 'speakers', 'new_message', 'need', 'layers', 'data', 'react', 'caption', 'poll', 'quality', 'grant', 'muted', 'ask_unmute', 'knock', 'admitted', 'move', 'bye']);

/**
 * Signalling carries events and acknowledgements over one socket.
 *
 * Nothing is buffered: socket.io-client would queue what is emitted while
 * offline and replay it on the next connection, where an old offer or
 * subscription is wrong. A request without a connection is refused at once.
 *
 * A WebSocket is tried first, and after a failure polling: each try that fails
 * is followed by one with the other transport, and what worked last is the first
 * to be tried the next time.
 *
 * Events: `up` and `down` when the connection comes and goes, `transport` when
 * another one works, `refused` when the server does not accept it, and those of
 * the server by their own names.
 *
 * @extends {Emitter<{up: void, down: string, transport: Transport, refused: RoomError} & {[name: string]: any}>}
 */
export class Signalling extends Emitter {
  /** @type {SocketLike} */
  #socket;
  /** What worked last, or is tried first. @type {Transport} */
  transport;
  /** Tries that failed since then. */
  #failed = 0;
  /** Whether the present connection has let anything through. */
  #came = false;

  /**
   * @param {object} [o]
   * @param {string} [o.url] of the server; the page's own origin if absent
   * @param {Transport} [o.transport] to try first; WebSocket if absent
   * @param {(url: string|undefined, options: object) => SocketLike} [o.connect] for tests
   */
  constructor(o = {}) {
    super();
    const open = o.connect ?? ((url, opts) => (url ? connect(url, opts) : connect(opts)));
    this.transport = o.transport === 'polling' ? 'polling' : 'websocket';
    this.#socket = open(o.url, { ...options });
    this.#choose();
    this.#socket.on('connect', () => this.#up());
    this.#socket.on('disconnect', (reason) => this.#down(String(reason)));
    this.#socket.on('connect_error', (err) => {
      // An active socket is still trying; else a middleware said no.
      if (!this.#socket.active) {
        this.emit('refused', new RoomError(err?.data?.code ?? 'unauthorized', err?.message));
      }
      this.#fail();
    });
    for (const name of events) {
      this.#socket.on(name, (arg) => this.emit(name, arg ?? {}));
    }
  }

  get connected() {
    return this.#socket.connected;
  }

  /** Sets what the next connection is tried with. */
  #choose() {
    const other = this.transport === 'polling' ? 'websocket' : 'polling';
    const next = openings[this.#failed % 2 === 0 ? this.transport : other];
    this.#socket.io.opts.transports = next.transports;
    this.#socket.io.timeout(next.timeout);
  }

  #fail() {
    this.#failed++;
    this.#choose();
  }

  /** @param {string} reason */
  #down(reason) {
    if (!this.#came) {
      this.#fail();
    }
    this.#came = false;
    this.emit('down', reason);
  }

  #up() {
    this.#came = true;
    const { engine } = this.#socket.io;
    this.#works(engine.transport.name === 'polling' ? 'polling' : 'websocket');
    engine.once('upgrade', () => this.#works('websocket'));
    this.emit('up', undefined);
  }

  /** @param {Transport} transport */
  #works(transport) {
    const changed = this.transport !== transport;
    this.transport = transport;
    this.#failed = 0;
    this.#choose();
    if (changed) {
      this.emit('transport', transport);
    }
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
