// @ts-check
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { RoomError } from './errors.js';
import { Signalling } from './signalling.js';
/** @import {LocalPublication} from './connection.js' */
/** @import {SocketLike} from './signalling.js' */
/** @import {Bye, Snapshot} from './types.js' */

/**
 * @typedef {object} JoinOptions
 * @property {string} room
 * @property {string} name
 * @property {RTCIceServer[]} [iceServers]
 * @property {string} [replaces] session of ours that is over, so that the
 *   others do not see us twice
 */

/**
 * @typedef {object} SessionOptions
 * @property {string} [url] of the server, if it is not the page's origin
 * @property {(url: string|undefined, options: object) => SocketLike} [connect] for tests
 * @property {typeof RTCPeerConnection} [PeerConnection] for tests
 */

/** @typedef {'idle'|'joining'|'joined'|'reconnecting'|'left'} SessionState */

/** Refusals of a join anew that may pass; anything else ends the session. */
const passing = ['offline', 'timeout', 'rate_limited', 'server_busy', 'draining', 'internal'];

/** How long the first join may take, in milliseconds. */
const joinTimeout = 20_000;

/**
 * Session is being in a room: it joins over the socket with an offer inside,
 * joins anew after the socket was lost, and ends once.
 *
 * States: `idle` → `joining` → `joined` ⇄ `reconnecting` → `left`.
 * Events: `state`; `entered` with what the join answered, before `state` says
 * `joined`; `ready` when its media is negotiated; `slots`; `media` with the
 * connection's state; `left` with the reason, null for our own leave.
 *
 * @extends {Emitter<{state: SessionState, entered: Snapshot, ready: void, slots: void, media: RTCPeerConnectionState, left: RoomError|null}>}
 */
export class Session extends Emitter {
  /** @type {SessionState} */
  state = 'idle';
  /** Offers made, those inside of joins included. */
  offers = 0;
  /** @type {Connection|null} */
  connection = null;
  /** @type {Signalling} */
  signal;
  /** @type {Map<string, LocalPublication>} */
  #locals;
  #PeerConnection;
  /** @type {JoinOptions|null} */
  #options = null;
  /** The promise of the first join. @type {{done: () => void, failed: (e: RoomError) => void}|null} */
  #first = null;
  /** Named when joining anew, so that the server can end the old one at once. */
  #replaces = '';
  /** Counts joins, so that one which was overtaken stops. */
  #attempt = 0;
  /** How long the server asked to stay away, in milliseconds. */
  #pause = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /**
   * @param {Map<string, LocalPublication>} locals what to publish with each join
   * @param {SessionOptions} o
   */
  constructor(locals, o) {
    super();
    this.#locals = locals;
    this.#PeerConnection = o.PeerConnection ?? globalThis.RTCPeerConnection;
    this.signal = new Signalling({ url: o.url, connect: o.connect });
    this.signal.on('up', () => this.#enter());
    this.signal.on('down', (reason) => this.#down(reason));
    this.signal.on('refused', (err) => this.end(err));
    this.signal.on('bye', (/** @type {Bye} */ e) => this.#bye(e));
  }

  /**
   * @param {JoinOptions} o
   * @returns {Promise<void>}
   */
  join(o) {
    if (this.state !== 'idle') {
      return Promise.reject(new RoomError('already_joined', 'a room is joined once'));
    }
    this.#options = o;
    this.#replaces = o.replaces ?? '';
    this.#become('joining');
    return new Promise((done, failed) => {
      this.#first = { done, failed };
      this.#timer = setTimeout(() => this.end(new RoomError('timeout', 'join: no answer')), joinTimeout);
      this.signal.open();
    });
  }

  /**
   * A request of a member. Without a join it is refused here, because the
   * server would not know us.
   * @param {string} name
   * @param {object} arg
   * @returns {Promise<any>}
   */
  request(name, arg) {
    if (this.state !== 'joined') {
      return Promise.reject(new RoomError('not_joined', `${name}: not in the room`));
    }
    return this.signal.request(name, arg);
  }

  /** Names this stay in the room to the server; empty before the join. */
  get session() {
    return this.#replaces;
  }

  /** Tries to reconnect at once: the network or the page is back. */
  hurry() {
    if (this.state === 'reconnecting') {
      this.signal.hurry();
    }
  }

  async leave() {
    await this.request('leave', {}).catch(() => {});
    this.end(null);
  }

  /** @param {RoomError|null} why null for our own leave */
  end(why) {
    if (this.state === 'left') {
      return;
    }
    clearTimeout(this.#timer);
    this.#become('left');
    this.signal.close();
    this.connection?.close();
    this.#first?.failed(why ?? new RoomError('closed', 'the room was left'));
    this.#first = null;
    this.emit('left', why);
  }

  /** Joins on a fresh connection, for the first time or again. */
  async #enter() {
    const o = this.#options;
    if (!o || this.state === 'left' || this.state === 'joined') {
      return;
    }
    const attempt = ++this.#attempt;
    const old = this.connection;
    const next = this.#connect(o);
    try {
      const own = await next?.first();
      if (attempt !== this.#attempt) {
        next?.close();
        return;
      }
      /** @type {Snapshot} */
      const ack = await this.signal.request('join', {
        v: 1, room: o.room, name: o.name, caps: ['slots', 'replaces'],
        replaces: this.#replaces || undefined, ...own,
      });
      this.connection = next;
      old?.close();
      this.#entered(ack);
      await next?.accept(ack.answer, ack);
      this.emit('ready', undefined);
    } catch (err) {
      if (this.connection !== next) {
        next?.close();
      }
      if (attempt === this.#attempt) {
        this.#refused(err instanceof RoomError ? err : new RoomError('internal', String(err)));
      }
    }
  }

  /**
   * @param {JoinOptions} o
   * @returns {Connection|null} null where there is no WebRTC: chat and roster
   *   work without
   */
  #connect(o) {
    if (!this.#PeerConnection) {
      return null;
    }
    const c = new Connection({
      iceServers: o.iceServers ?? [],
      request: (name, arg) => this.request(name, arg),
      PeerConnection: this.#PeerConnection,
    });
    c.on('offer', () => this.offers++);
    c.on('slots', () => this.emit('slots', undefined));
    c.on('state', (s) => this.#media(c, s));
    for (const local of this.#locals.values()) {
      c.attach(local);
    }
    return c;
  }

  /** @param {Snapshot} ack */
  #entered(ack) {
    clearTimeout(this.#timer);
    this.#replaces = (ack.caps?.includes('replaces') && ack.session) || '';
    this.state = 'joined';
    this.emit('entered', ack);
    this.emit('state', 'joined');
    this.#first?.done();
    this.#first = null;
  }

  /** @param {RoomError} err */
  #refused(err) {
    if (this.state === 'left' || err.code === 'offline') {
      return; // offline: the next connection joins
    }
    if (this.#first || this.state === 'joined' || !passing.includes(err.code)) {
      this.end(err);
      return;
    }
    this.#timer = setTimeout(() => this.signal.connected && this.#enter(), err.retryAfter || 2000);
  }

  /** @param {string} reason of socket.io-client */
  #down(reason) {
    if (this.state === 'left') {
      return;
    }
    this.#attempt++;
    if (this.state === 'joined') {
      this.#become('reconnecting');
    }
    if (reason === 'io server disconnect') {
      // The only end after which socket.io-client does not try by itself.
      clearTimeout(this.#first ? undefined : this.#timer);
      setTimeout(() => this.state !== 'left' && this.signal.open(), this.#pause || 1000);
      this.#pause = 0;
    }
  }

  /** @param {Bye} e */
  #bye(e) {
    if (e.reconnect === 'now' || e.reconnect === 'later') {
      this.#pause = e.after_ms ?? (e.reconnect === 'now' ? 1 : 5000);
    } else {
      this.end(new RoomError(e.code, e.message));
    }
  }

  /**
   * @param {Connection} c
   * @param {RTCPeerConnectionState} state
   */
  #media(c, state) {
    if (c !== this.connection || this.state === 'left') {
      return;
    }
    this.emit('media', state);
    if (state === 'failed' && this.state === 'joined') {
      c.negotiate({ restart: true }).catch(() => {});
    }
  }

  /** @param {SessionState} state */
  #become(state) {
    if (this.state !== state) {
      this.state = state;
      this.emit('state', state);
    }
  }
}
