// @ts-check
import { Emitter } from './emitter.js';
import { Roster } from './roster.js';
/** @import {JoinAck, Room as RoomInfo, StateEvent} from './protocol.js' */
/** @import {Session} from './session.js' */

/**
 * Follower keeps a roster in step with the server: it applies what `state` says,
 * and asks for the whole where an event is missing.
 *
 * Events: `roster` when members or publications changed; `info` when the room
 * itself did, such as when it was locked; `whole` with the answer to `sync`.
 *
 * @extends {Emitter<{roster: void, info: RoomInfo, whole: JoinAck}>}
 */
export class Follower extends Emitter {
  roster = new Roster();
  /** @type {Session} */
  #session;
  #syncing = false;
  /** What `info` told last. @type {RoomInfo|null} */
  #told = null;

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
    session.signal.on('down', () => {
      session.rev = Math.max(0, this.roster.rev);
      this.roster.lose();
    });
    session.signal.on('state', (/** @type {StateEvent} */ e) => {
      if (this.roster.apply(e)) {
        this.#changed();
      } else if (session.state === 'joined') {
        this.#sync();
      }
    });
  }

  /**
   * Takes what a join answered. It emits no `roster`, because whoever calls it
   * has more to take from the answer first.
   * @param {JoinAck} ack
   */
  enter(ack) {
    const whole = this.roster.reset(ack);
    this.#tell();
    if (!whole) {
      this.#sync();
    }
  }

  #changed() {
    this.emit('roster', undefined);
    this.#tell();
  }

  #tell() {
    const { room } = this.roster;
    if (room && room !== this.#told) {
      this.#told = room;
      this.emit('info', room);
    }
  }

  /** Asks for the whole state, because an event is missing. */
  async #sync() {
    if (this.#syncing) {
      return;
    }
    this.#syncing = true;
    try {
      for (let whole = false; !whole; ) {
        const ack = await this.#session.request('sync', {});
        whole = this.roster.reset(ack);
        this.emit('whole', ack);
      }
      this.#changed();
    } catch {
      // Offline: the next join brings the state. Refused: the next event asks.
    } finally {
      this.#syncing = false;
    }
  }
}
