// @ts-check
/** @import {JoinAck, Member, Publication, Room as RoomInfo, StateEvent} from './protocol.js' */

/**
 * Roster is what a room looks like: its members and what they publish, in the
 * order in which they came. It follows `state` events, each of which has the
 * revision of the one before plus one.
 */
export class Roster {
  /** Revision of the newest state applied, or -1 before the first snapshot. */
  rev = -1;
  /** @type {Map<string, Member>} */
  members = new Map();
  /** @type {Map<string, Publication>} */
  publications = new Map();
  /** The room itself, such as whether it is locked; null before the first snapshot. @type {RoomInfo|null} */
  room = null;
  /** Events that came before the snapshot which they build on. @type {StateEvent[]} */
  #early = [];

  /**
   * Takes a whole state in place of the present one, then what came early.
   * @param {Pick<JoinAck, 'members'|'publications'|'rev'|'room'>} s
   * @returns {boolean} false if revisions are still missing after it
   */
  reset(s) {
    this.members = new Map((s.members ?? []).map((m) => [m.id, m]));
    this.publications = new Map((s.publications ?? []).map((p) => [p.id, p]));
    this.room = s.room ?? this.room;
    this.rev = s.rev ?? 0;
    const early = this.#early.sort((a, b) => a.rev - b.rev);
    this.#early = [];
    return early.every((e) => this.apply(e));
  }

  /**
   * Applies one event. An event that is older than the state is ignored; one
   * that leaves a gap is kept for the next {@link reset}.
   * @param {StateEvent} e
   * @returns {boolean} false if revisions are missing
   */
  apply(e) {
    if (e.rev <= this.rev) {
      return true;
    }
    if (this.rev < 0 || e.rev !== this.rev + 1) {
      // A server that makes many gaps must not fill the memory.
      if (this.#early.length < 256) {
        this.#early.push(e);
      }
      return false;
    }
    this.rev = e.rev;
    this.room = e.room ?? this.room;
    merge(this.members, e.members);
    merge(this.publications, e.publications);
    for (const [id, p] of this.publications) {
      if (!this.members.has(p.member)) {
        this.publications.delete(id); // its member left
      }
    }
    return true;
  }

  /**
   * Says that events may be missing from here on. What is known stays, to be
   * shown until the next {@link reset}.
   */
  lose() {
    this.rev = -1;
    this.#early = [];
  }

  /**
   * @param {string} member
   * @returns {Publication[]} what the member publishes
   */
  of(member) {
    return [...this.publications.values()].filter((p) => p.member === member);
  }
}

/**
 * @template {{id: string}} T
 * @param {Map<string, T>} map
 * @param {{add?: T[], set?: Partial<T>[], del?: (string|{id: string})[]}} [changes]
 */
function merge(map, changes) {
  for (const d of changes?.del ?? []) {
    map.delete(typeof d === 'string' ? d : d.id);
  }
  for (const a of changes?.add ?? []) {
    map.set(a.id, a);
  }
  for (const s of changes?.set ?? []) {
    const old = map.get(/** @type {string} */ (s.id));
    if (old) {
      map.set(old.id, { ...old, ...s });
    }
  }
}
