// @ts-check
import { Emitter } from './emitter.js';
/** @import {BreakoutRequest, GrantEvent, KnockEvent, ModRequest, Rights, Role} from './protocol.js' */
/** @import {Session} from './session.js' */

/**
 * @typedef {object} Knock somebody who waits to be let in
 * @property {string} ticket
 * @property {string} name
 */

/**
 * @typedef {object} Invitation
 * @property {string} id to {@link Hosting.revoke} it
 * @property {string} url path, query and fragment, on the server's origin
 */

/**
 * Hosting is what moderators do, reached as `room.hosting`. Each method is settled
 * when the server has done it, and rejects with a `RoomError`, such as `forbidden`
 * to those who do not moderate.
 *
 * ```js
 * room.hosting.on('knock', ({ ticket, name, gone }) => !gone && ask(name, () => room.hosting.admit(ticket)));
 * ```
 *
 * Events: `knock` when somebody begins to wait in the lobby, or with `gone` does
 * not any more, as {@link waiting} has it then; `admitted` with the ticket with
 * which we ourselves were let in.
 *
 * @extends {Emitter<{knock: KnockEvent, admitted: string}>}
 */
export class Hosting extends Emitter {
  /** Who waits to be let in, longest first. Empty for who does not moderate. @type {Knock[]} */
  waiting = [];
  /** @type {Session} */
  #session;

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
    const { signal } = session;
    signal.on('knock', (/** @type {KnockEvent} */ e) => this.#knocked(e));
    signal.on('admitted', (/** @type {{ticket: string}} */ e) => this.emit('admitted', e.ticket));
    signal.on('grant', (/** @type {GrantEvent} */ e) => e.can?.moderate || this.clear());
    signal.on('down', () => this.clear()); // who still waits is told anew
  }

  /** Removes a member, who may come again. @param {string} member */
  kick(member) {
    return this.#mod({ op: 'kick', member });
  }

  /**
   * Removes a member and keeps it out.
   * @param {string} member
   * @param {number} [until] milliseconds since 1970; else as long as the server remembers
   */
  ban(member, until) {
    return this.#mod({ op: 'ban', member, until });
  }

  /** Lets a member who was banned come again. @param {string} member its id at that time */
  unban(member) {
    return this.#mod({ op: 'unban', member });
  }

  /** Mutes a publication until its member unmutes it. @param {string} publication */
  mute(publication) {
    return this.#mod({ op: 'mute', publication });
  }

  /** Mutes the voices of all who do not moderate. */
  muteAll() {
    return this.#mod({ op: 'mute_all' });
  }

  /** Asks a member to unmute a publication. @param {string} publication */
  askUnmute(publication) {
    return this.#mod({ op: 'ask_unmute', publication });
  }

  /**
   * Sets what a member may do; what is left out it may not.
   * @param {string} member
   * @param {Rights} can
   */
  grant(member, can) {
    return this.#mod({ op: 'grant', member, can });
  }

  /** Makes a member a moderator. @param {string} member */
  promote(member) {
    return this.#mod({ op: 'promote', member });
  }

  /** Makes a member a guest. @param {string} member */
  demote(member) {
    return this.#mod({ op: 'demote', member });
  }

  /** Asks all to look at a publication; null ends that. @param {string|null} publication */
  spotlight(publication) {
    return this.#mod({ op: 'spotlight', publication: publication ?? undefined });
  }

  /** Lets somebody in who waits. @param {string} ticket */
  admit(ticket) {
    return this.#mod({ op: 'admit', ticket });
  }

  /** Sends somebody away who waits. @param {string} ticket */
  deny(ticket) {
    return this.#mod({ op: 'deny', ticket });
  }

  /** Has nobody come in who does not moderate, or ends that. @param {boolean} on */
  lock(on) {
    return this.#mod({ op: on ? 'lock' : 'unlock' });
  }

  /** Has who comes wait, or lets all in who wait. @param {boolean} on */
  lobby(on) {
    return this.#mod({ op: 'lobby', on });
  }

  /**
   * Has the room recorded, or ends that, where the server says in `caps` that it can.
   * @param {boolean} on
   */
  record(on) {
    return this.#mod({ op: on ? 'record' : 'stop_record' });
  }

  /**
   * Divides the room into smaller ones. `room.info.breakout` tells of them, and each
   * member follows where it is sent.
   * @param {{name: string, members?: string[]}[]} rooms with ids of who is sent there
   * @param {number} [ends] when everybody is moved back, in milliseconds since 1970
   */
  divide(rooms, ends) {
    return this.#breakout({ op: 'open', rooms, ends });
  }

  /**
   * Sends members to breakout rooms, or, with an empty name, to the main room.
   * @param {{name: string, members: string[]}[]} rooms by the name that they have or were given
   */
  assign(rooms) {
    return this.#breakout({ op: 'assign', rooms });
  }

  /** Writes to all breakout rooms. @param {string} text */
  tellRooms(text) {
    return this.#breakout({ op: 'message', text });
  }

  /** Moves everybody back to the main room. */
  unite() {
    return this.#breakout({ op: 'close' });
  }

  /** Removes everybody and ends the room. */
  end() {
    return this.#mod({ op: 'end' });
  }

  /**
   * Makes a link into the room.
   * @param {{role: Role, expires?: number, uses?: number}} o `expires` in
   *   milliseconds since 1970, a day from now if it is left out; `uses` is how many
   *   may join with it
   * @returns {Promise<Invitation>}
   */
  async invite(o) {
    const ack = await this.#session.request('invite', o);
    return { id: ack.id, url: ack.url };
  }

  /** Makes an invitation worthless; who is in stays. @param {string} id */
  async revoke(id) {
    await this.#session.request('invite', { revoke: id });
  }

  /** @param {ModRequest} arg @returns {Promise<void>} */
  async #mod(arg) {
    await this.#session.request('mod', arg);
  }

  /** @param {BreakoutRequest} arg @returns {Promise<void>} */
  async #breakout(arg) {
    await this.#session.request('breakout', arg);
  }

  /** @param {KnockEvent} e */
  #knocked(e) {
    const rest = this.waiting.filter((w) => w.ticket !== e.ticket);
    const known = rest.length < this.waiting.length;
    if (e.gone) {
      this.waiting = rest;
    } else if (!known) {
      this.waiting = [...rest, { ticket: e.ticket, name: e.name }];
    }
    if (known === Boolean(e.gone)) {
      this.emit('knock', e);
    }
  }

  /** Forgets who waits: it is not for us to decide, or at another door. @internal */
  clear() {
    for (const w of this.waiting) {
      this.#knocked({ ...w, gone: true });
    }
  }
}
