// @ts-check
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { RoomError } from './errors.js';
import { Signalling } from './signalling.js';
/** @import {LocalPublication} from './connection.js' */
/** @import {ByeEvent, JoinAck} from './protocol.js' */
/** @import {JoinOptions, Seat, SessionOptions, SessionState} from './types.js' */

/** Refusals of a join anew that may pass; anything else ends the session. */
const passing = ['offline', 'timeout', 'rate_limited', 'server_busy', 'draining', 'internal'];
/** Refusals of a resume after which there is nothing to come back to. */
const over = ['session_unknown', 'session_expired'];
/** How long the first join may take, in milliseconds. */
const joinTimeout = 20_000;
/** How long the server is waited for when we leave, in milliseconds: whoever goes is not to be heard any longer. */
const leaveTimeout = 1000;

/**
 * Session is being in a room: it joins with an offer inside, and ends once. After
 * the socket was lost it resumes: as the same member, and with the media as it is.
 * Only where the server does not know us any more it joins anew.
 *
 * States: `idle` → `joining` (→ `waiting` until a moderator lets us in) → `joined` ⇄
 * `reconnecting` → `left`.
 * Events: `state`; `entered` with what the join answered, before `state` says
 * `joined`; `ready` when its media is negotiated; `answered`; `slots`; `media` with the
 * connection's state; `left` with the reason, null for our own leave.
 *
 * @extends {Emitter<{state: SessionState, entered: JoinAck, ready: void, answered: void, slots: void, media: RTCPeerConnectionState, left: RoomError|null}>}
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
  /** Settles the first join. @type {{done: () => void, failed: (e: RoomError) => void}|null} */
  #first = null;
  /** @type {Seat|null} */
  seat = null;
  /** Revision of the room that we knew when the socket was lost. */
  rev = 0;
  /** The network became another one while we were away. */
  #moved = false;
  /** Counts joins, so that one which was overtaken stops. */
  #attempt = 0;
  /** Of the lobby that we wait in. */
  #ticket = '';
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
    this.signal = new Signalling({ url: o.url, transport: o.transport, connect: o.connect });
    this.signal.on('up', () => this.#enter());
    this.signal.on('down', (reason) => this.#down(reason));
    this.signal.on('refused', (err) => this.end(err));
    this.signal.on('admitted', () => this.state === 'waiting' && this.#enter());
    this.signal.on('bye', (/** @type {ByeEvent} */ e) => this.#bye(e));
  }

  /** @param {JoinOptions} o @returns {Promise<void>} */
  join(o) {
    if (this.state !== 'idle') {
      return Promise.reject(new RoomError('already_joined', 'a room is joined once'));
    }
    this.#options = o;
    this.seat = o.resume ?? null;
    this.#become('joining');
    return new Promise((done, failed) => {
      this.#first = { done, failed };
      this.#timer = setTimeout(() => this.end(new RoomError('timeout', 'join: no answer')), joinTimeout);
      this.signal.open();
    });
  }

  /**
   * A request of a member; without a join it is refused here.
   * @param {string} name @param {object} arg @returns {Promise<any>}
   */
  request(name, arg) {
    if (this.state !== 'joined') {
      return Promise.reject(new RoomError('not_joined', `${name}: not in the room`));
    }
    return this.signal.request(name, arg);
  }

  /** Tries to reconnect at once: the network or the page is back. */
  hurry() {
    if (this.state === 'reconnecting') {
      this.signal.hurry();
    }
  }

  /** The network is another one: a socket that looks alive is given up, too. */
  moved() {
    this.#moved = true;
    if (this.state === 'joined') {
      this.signal.renew();
    } else {
      this.hurry();
    }
  }

  async leave() {
    if (this.state === 'joined') {
      await this.signal.request('leave', {}, leaveTimeout).catch(() => {});
    }
    this.end(null);
  }

  /**
   * Goes to another room, in the place of who we are in this one. What is refused
   * leaves everything as it is.
   * @param {string} room
   * @param {string} [token] that opens it; ours if absent
   */
  async go(room, token) {
    const before = this.#options;
    const here = this.connection;
    if (this.state !== 'joined' || !before) {
      throw new RoomError('not_joined', 'move: not in a room');
    }
    const o = { ...before, room, token: token ?? before.token };
    await here?.hold();
    const kept = here?.keep() ?? [];
    try {
      if (this.state !== 'joined') {
        throw new RoomError('offline', 'move: no connection');
      }
      const ack = await this.#anew(o, ++this.#attempt, this.seat?.session);
      if (!ack) {
        throw new RoomError('offline', 'move: no connection');
      }
      // Of a part we know the way to the main room, which leads back to the part.
      this.#options = ack.room?.breakout?.main === before.room ? before : o;
    } catch (err) {
      if (this.connection === here) {
        here?.restore(kept);
        here?.resume(false).catch(() => {}); // what was to be offered meanwhile
        this.emit('ready', undefined); // and what was to be told
      }
      throw err;
    }
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

  /** Takes our place again on a fresh socket, or joins. */
  async #enter() {
    const o = this.#options;
    if (!o || this.state === 'left' || this.state === 'joined') {
      return;
    }
    const attempt = ++this.#attempt;
    try {
      await (this.seat && !this.#first ? this.#resume(o) : this.#anew(o, attempt));
    } catch (err) {
      if (attempt === this.#attempt) {
        this.#refused(err instanceof RoomError ? err : new RoomError('internal', String(err)));
      }
    }
  }

  /** @param {JoinOptions} o */
  async #resume(o) {
    const ack = await this.#ask(o, {});
    const moved = this.#moved;
    this.#entered(ack);
    await this.connection?.accept(undefined, ack);
    this.emit('ready', undefined);
    // Offline: the next resume does it. Anything else would be refused again.
    this.connection?.resume(moved).catch(() => {});
  }

  /**
   * Joins with a connection of its own, which takes the place of the present one.
   * @param {JoinOptions} o
   * @param {number} attempt
   * @param {string} [replaces] session of who we are in another room
   * @returns {Promise<JoinAck|undefined>} undefined if another attempt overtook this one
   */
  async #anew(o, attempt, replaces) {
    const old = this.connection;
    const next = this.#connect(o);
    try {
      const own = await next?.first();
      if (attempt !== this.#attempt) {
        return undefined;
      }
      const ack = await this.#ask(o, { ...own, replaces });
      this.connection = next;
      old?.close();
      this.#entered(ack);
      await next?.accept(ack.answer, ack);
      this.emit('ready', undefined);
      return ack;
    } finally {
      if (this.connection !== next) {
        next?.close();
      }
    }
  }

  /**
   * @param {JoinOptions} o
   * @param {{replaces?: string}} own what we offer
   * @returns {Promise<JoinAck>}
   */
  #ask(o, own) {
    const resume = this.seat && !own.replaces ? { ...this.seat, rev: this.rev } : undefined;
    return this.signal.request('join', {
      v: 1, room: o.room, name: o.name, token: o.token, ticket: this.#ticket || undefined, caps: ['slots', 'resume', 'layers', 'backup'], resume, ...own,
    });
  }

  /**
   * @param {JoinOptions} o
   * @returns {Connection|null} null without WebRTC: chat and roster work all the same
   */
  #connect(o) {
    if (!this.#PeerConnection) {
      return null;
    }
    const c = new Connection({
      iceServers: o.iceServers ?? [], request: (name, arg) => this.request(name, arg), PeerConnection: this.#PeerConnection,
    });
    c.on('offer', () => this.offers++);
    c.on('answered', () => this.emit('answered', undefined));
    c.on('slots', () => this.emit('slots', undefined));
    c.on('state', (s) => this.#media(c, s));
    c.on('stopped', () => c === this.connection && this.moved());
    for (const local of this.#locals.values()) {
      c.attach(local);
    }
    return c;
  }

  /** @param {JoinAck} ack */
  #entered(ack) {
    clearTimeout(this.#timer);
    const { session, key } = ack;
    this.seat = session && key && ack.caps?.includes('resume') ? { session, key } : null;
    this.#moved = false;
    this.#ticket = '';
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
    if (err.code === 'waiting') {
      clearTimeout(this.#timer);
      this.#ticket = err.ticket;
      this.#become('waiting');
    } else if (this.seat && over.includes(err.code)) {
      this.seat = null;
      this.#enter();
    } else if (this.#first || this.state === 'joined' || !passing.includes(err.code)) {
      this.end(err);
    } else {
      this.#timer = setTimeout(() => this.signal.connected && this.#enter(), err.retryAfter || 2000);
    }
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

  /** @param {ByeEvent} e */
  #bye(e) {
    if (over.includes(e.code)) {
      this.seat = null;
    }
    if (e.reconnect !== 'now' && e.reconnect !== 'later') {
      this.end(new RoomError(e.code, e.message));
    }
    this.#pause = e.after_ms ?? (e.reconnect === 'now' ? 1 : 5000);
  }

  /** @param {Connection} c @param {RTCPeerConnectionState} state */
  #media(c, state) {
    if (c !== this.connection || this.state === 'left') {
      return;
    }
    this.emit('media', state);
    if ((state === 'disconnected' || state === 'failed') && this.state === 'joined') {
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
