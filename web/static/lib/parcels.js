// @ts-check
import { Emitter } from './emitter.js';
import { RoomError } from './errors.js';
/** @import {Session} from './session.js' */

/** Limits of the protocol, in bytes, and in members that a message names. */
const largest = 16 << 10;
const longestTopic = 64;
const mostNamed = 255;
/** How much may wait in a channel: then reliable senders wait, others lose. */
const waiting = 256 << 10;
const waitingLossy = 64 << 10;

/**
 * @typedef {object} Parcel bytes that another member sent
 * @property {string} topic
 * @property {Uint8Array} bytes
 * @property {string} member its sender
 * @property {boolean} reliable
 */

/** @typedef {{to?: string[], reliable?: boolean}} ParcelOptions */

/**
 * Parcels exchanges bytes with the other members: over data channels of the
 * connection, which are opened when something is sent for the first time, and by
 * the event `data` as long as there are none. Both reach everybody.
 *
 * Event: `data`.
 *
 * @extends {Emitter<{data: Parcel}>}
 */
export class Parcels extends Emitter {
  /** @type {Session} */
  #session;
  /** Of the connection that they were opened in. @type {{pc: RTCPeerConnection, sure: RTCDataChannel, lossy: RTCDataChannel}|null} */
  #channels = null;
  /** Ends with the last reliable message so far, so that they stay in order. @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
    session.signal.on('data', (e) => this.emit('data', {
      topic: e.topic, bytes: fromBase64(e.payload ?? ''), member: e.sender, reliable: e.reliable !== false,
    }));
  }

  /**
   * @param {string} topic
   * @param {Uint8Array} bytes
   * @param {ParcelOptions} o
   * @returns {Promise<void>} settled when it is under way; reliable ones wait
   *   while too much is, others are lost then
   */
  send(topic, bytes, o) {
    const name = new TextEncoder().encode(topic);
    const to = o.to ?? [];
    if (this.#session.state !== 'joined') {
      return Promise.reject(new RoomError('not_joined', 'data: not in the room'));
    }
    if (name.length === 0 || name.length > longestTopic) {
      return Promise.reject(new RoomError('bad_request', `data: a topic has 1 to ${longestTopic} bytes`));
    }
    if (bytes.length > largest) {
      return Promise.reject(new RoomError('too_large', `data: at most ${largest} bytes`));
    }
    if (to.length > mostNamed) {
      return Promise.reject(new RoomError('limit_exceeded', `data: at most ${mostNamed} members`));
    }
    this.#open();
    if (o.reliable === false) {
      return this.#sendLossy(topic, bytes, to);
    }
    const sent = this.#last.then(() => this.#sendSure(topic, bytes, to));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Opens channels in the present connection. Events do until they are there. */
  #open() {
    const c = this.#session.connection;
    if (!c || this.#channels?.pc === c.pc) {
      return;
    }
    const sure = c.pc.createDataChannel('sw');
    const lossy = c.pc.createDataChannel('sw-lossy', { ordered: false, maxRetransmits: 0 });
    for (const channel of [sure, lossy]) {
      channel.binaryType = 'arraybuffer';
      channel.addEventListener('message', (e) => this.#receive(e.data, channel === sure));
    }
    sure.bufferedAmountLowThreshold = waiting / 2;
    this.#channels = { pc: c.pc, sure, lossy };
    c.negotiate().catch(() => {}); // without channels there are events
  }

  /** @param {'sure'|'lossy'} kind @returns {RTCDataChannel|null} an open one */
  #channel(kind) {
    const c = this.#channels;
    return c && c.pc === this.#session.connection?.pc && c[kind].readyState === 'open' ? c[kind] : null;
  }

  /** @param {string} topic @param {Uint8Array} bytes @param {string[]} to */
  async #sendLossy(topic, bytes, to) {
    const channel = this.#channel('lossy');
    if (!channel) {
      await this.#emitEvent(topic, bytes, to, false).catch((err) => {
        if (err.code !== 'rate_limited') {
          throw err;
        }
      });
    } else if (channel.bufferedAmount < waitingLossy) {
      channel.send(pack(topic, to, bytes));
    }
  }

  /** @param {string} topic @param {Uint8Array} bytes @param {string[]} to */
  async #sendSure(topic, bytes, to) {
    for (let channel = this.#channel('sure'); channel; channel = this.#channel('sure')) {
      if (channel.bufferedAmount < waiting) {
        channel.send(pack(topic, to, bytes));
        return;
      }
      await drained(channel);
    }
    for (;;) {
      try {
        await this.#emitEvent(topic, bytes, to, true);
        return;
      } catch (err) {
        if (!(err instanceof RoomError) || err.code !== 'rate_limited') {
          throw err;
        }
        await new Promise((done) => setTimeout(done, err.retryAfter || 100));
      }
    }
  }

  /** @param {string} topic @param {Uint8Array} bytes @param {string[]} to @param {boolean} reliable */
  #emitEvent(topic, bytes, to, reliable) {
    return this.#session.request('data', { topic, payload: toBase64(bytes), to, reliable });
  }

  /** @param {ArrayBuffer} data @param {boolean} reliable */
  #receive(data, reliable) {
    const p = unpack(new Uint8Array(data));
    if (p) {
      this.emit('data', { topic: p.topic, bytes: p.bytes, member: p.ids[0] ?? '', reliable });
    }
  }
}

/** @param {RTCDataChannel} channel @returns {Promise<void>} settled when less waits in it, or it is over */
function drained(channel) {
  return new Promise((done) => {
    channel.addEventListener('bufferedamountlow', () => done(), { once: true });
    channel.addEventListener('close', () => done(), { once: true });
  });
}

/**
 * The binary form: topic-length, topic, number of ids, each with its length, and
 * the bytes.
 * @param {string} topic
 * @param {string[]} ids
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function pack(topic, ids, bytes) {
  const parts = [topic, ...ids].map((s) => new TextEncoder().encode(s));
  const out = new Uint8Array(parts.reduce((n, p) => n + 1 + p.length, 1) + bytes.length);
  let at = 0;
  parts.forEach((p, i) => {
    out[at++] = p.length;
    out.set(p, at);
    at += p.length;
    if (i === 0) {
      out[at++] = ids.length;
    }
  });
  out.set(bytes, at);
  return out;
}

/**
 * @param {Uint8Array} b
 * @returns {{topic: string, ids: string[], bytes: Uint8Array}|null} null if it is cut off
 */
export function unpack(b) {
  let at = 0;
  const next = () => {
    const from = at + 1;
    at = from + (b[at] ?? b.length);
    return new TextDecoder().decode(b.subarray(from, at));
  };
  const topic = next();
  const count = b[at++] ?? 0;
  const ids = [];
  for (let i = 0; i < count && at <= b.length; i++) {
    ids.push(next());
  }
  return at <= b.length ? { topic, ids, bytes: b.subarray(at) } : null;
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let s = '';
  for (let i = 0; i < bytes.length; i += 4096) {
    s += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return btoa(s);
}

/** @param {string} s */
function fromBase64(s) {
  return Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
}
