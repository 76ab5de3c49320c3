// @ts-check
import { RoomError } from './errors.js';
/** @import {Wish} from './types.js' */
/** @import {SubscribeAck} from './protocol.js' */

/** @typedef {{id: string, on: boolean, w?: number, h?: number}} Asked */

/**
 * Subscriptions brings what the server sends in line with what is shown. It
 * sends the difference only, one request at a time; what changes meanwhile is
 * part of the next one, so a layout that settles costs one request and one
 * that comes back to where it was costs none.
 */
export class Subscriptions {
  /** What the page wants, by publication id. @type {Map<string, Wish>} */
  #wanted = new Map();
  /** What the server has agreed to. @type {Map<string, Wish>} */
  #agreed = new Map();
  /** Refused since the slots last changed; asking again is useless. @type {Set<string>} */
  #refused = new Set();
  #busy = false;
  /** Grows with each reset, so that an answer for an old session is dropped. */
  #epoch = 0;
  #request;
  #onAck;
  #byItself;

  /**
   * @param {(name: string, arg: object) => Promise<any>} request
   * @param {(ack: SubscribeAck) => void} onAck is told each answer
   * @param {(id: string) => boolean} byItself tells whether the server sends a
   *   publication that is not named
   */
  constructor(request, onAck, byItself = () => false) {
    this.#request = request;
    this.#onAck = onAck;
    this.#byItself = byItself;
  }

  /**
   * Sets what is wanted, as a whole: a publication that is not named keeps
   * what the server does by itself.
   * @param {Iterable<[id: string, wish: Wish]>} wanted
   */
  want(wanted) {
    this.#wanted = new Map(wanted);
    this.flush();
  }

  /**
   * The changes to ask for, in the order of what is wanted; what is to be
   * stopped comes first, so that its slot is free for what is to be started.
   * @returns {Asked[]}
   */
  diff() {
    /** @type {Asked[]} */
    const off = [];
    /** @type {Asked[]} */
    const on = [];
    for (const [id, wish] of this.#wanted) {
      if (!same(this.#agreed.get(id), wish) && !this.#refused.has(id)) {
        (wish ? on : off).push(asked(id, wish));
      }
    }
    for (const [id, agreed] of this.#agreed) {
      const wish = this.#byItself(id);
      if (!same(agreed, wish) && !this.#wanted.has(id)) {
        (wish ? on : off).push(asked(id, wish));
      }
    }
    return [...off, ...on];
  }

  /** Asks for the difference. */
  async flush() {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    const epoch = this.#epoch;
    try {
      for (let d = this.diff(); d.length > 0 && epoch === this.#epoch; d = this.diff()) {
        const ack = await this.#request('subscribe', { publications: d });
        if (epoch !== this.#epoch) {
          break;
        }
        this.#settle(d, ack);
      }
    } catch (err) {
      if (!(err instanceof RoomError)) {
        throw err;
      }
      // Without a connection the next join asks anew; a request that is wrong
      // would be wrong again.
      if (['rate_limited', 'server_busy', 'timeout'].includes(err.code)) {
        setTimeout(() => this.flush(), err.retryAfter || 1000);
      }
    } finally {
      this.#busy = false;
    }
    if (epoch !== this.#epoch) {
      this.flush();
    }
  }

  /**
   * @param {Asked[]} list
   * @param {SubscribeAck} ack
   */
  #settle(list, ack) {
    const refused = new Set((ack.refused ?? []).map((r) => r.id));
    for (const { id, on, w, h } of list) {
      if (refused.has(id)) {
        this.#refused.add(id);
        this.#agreed.delete(id);
      } else if (!this.#wanted.has(id)) {
        this.#agreed.delete(id);
      } else {
        this.#agreed.set(id, w && h ? { w, h } : on);
      }
    }
    this.#onAck(ack);
  }

  /** Asks again for what was refused: there are more slots, or one is free. */
  retry() {
    this.#refused.clear();
    this.flush();
  }

  /**
   * Forgets publications that are gone; the server has forgotten them too.
   * @param {(id: string) => boolean} exists
   */
  sweep(exists) {
    for (const known of [this.#wanted, this.#agreed, this.#refused]) {
      for (const id of [...known.keys()].filter((id) => !exists(id))) {
        known.delete(id);
      }
    }
  }

  /** Starts over with a new session, where nothing is subscribed yet. */
  reset() {
    this.#epoch++;
    this.#agreed.clear();
    this.#refused.clear();
  }
}

/**
 * @param {string} id
 * @param {Wish} wish
 * @returns {Asked}
 */
function asked(id, wish) {
  return typeof wish === 'object' ? { id, on: true, w: wish.w, h: wish.h } : { id, on: wish };
}

/**
 * @param {Wish|undefined} a
 * @param {Wish} b
 */
function same(a, b) {
  return typeof a === 'object' && typeof b === 'object' ? a.w === b.w && a.h === b.h : a === b;
}
