// @ts-check
/** @import {Slot} from './protocol.js' */

/**
 * @typedef {object} SlotPlace
 * @property {RTCRtpTransceiver} transceiver
 * @property {'audio'|'video'} kind
 * @property {MediaStream} stream of the one track that this slot will ever have
 * @property {string|null} publication what it shows now
 * @property {'live'|'paused'|'idle'} state
 * @property {string} [why] it is paused
 * @property {string} [rid] of the encoding that is sent, where the publication has several
 * @property {number} [w] of its picture, in pixels
 * @property {number} [h]
 */

/**
 * Slots labels the receive-only sections with what they show. The server
 * names a slot by its mid, which a section has from its first offer on.
 */
export class Slots {
  /** @type {SlotPlace[]} */
  places = [];

  /**
   * @param {RTCRtpTransceiver} transceiver receive-only
   * @param {'audio'|'video'} kind
   */
  add(transceiver, kind) {
    this.places.push({
      transceiver,
      kind,
      stream: new MediaStream([transceiver.receiver.track]),
      publication: null,
      state: 'idle',
    });
  }

  /** @param {'audio'|'video'} kind */
  count(kind) {
    return this.places.filter((p) => p.kind === kind).length;
  }

  /**
   * Takes what the server says about some of the slots.
   * @param {Slot[]} [slots]
   * @returns {boolean} whether anything changed
   */
  label(slots = []) {
    let changed = false;
    for (const s of slots) {
      const place = this.places.find((p) => p.transceiver.mid === s.mid);
      if (!place) {
        continue;
      }
      const publication = s.publication ?? null;
      const state = s.state ?? (publication ? 'live' : 'idle');
      const told = { publication, state, why: s.why, rid: s.rid, w: s.w, h: s.h };
      if (Object.entries(told).some(([key, value]) => place[/** @type {keyof told} */ (key)] !== value)) {
        Object.assign(place, told);
        changed = true;
      }
    }
    return changed;
  }

  /**
   * @param {string} publication
   * @returns {SlotPlace|undefined} the slot that shows it
   */
  of(publication) {
    return this.places.find((p) => p.publication === publication);
  }

  /**
   * Frees the slots of publications that are gone.
   * @param {(id: string) => boolean} exists
   * @returns {boolean} whether anything changed
   */
  sweep(exists) {
    let changed = false;
    for (const p of this.places) {
      if (p.publication !== null && !exists(p.publication)) {
        Object.assign(p, { publication: null, state: 'idle', why: undefined, rid: undefined, w: undefined, h: undefined });
        changed = true;
      }
    }
    return changed;
  }
}
