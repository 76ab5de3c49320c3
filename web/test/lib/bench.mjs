// @ts-check
import { Room } from '../../static/lib/switchyard.js';
import { FakePeerConnection, FakeSocket, joinAck, settle } from './fakes.mjs';

/** Somebody else, and what he publishes. */
export const bo = { id: 'bo', name: 'Bo' };
export const camera = { id: 'c1', member: 'bo', kind: /** @type {const} */ ('video'), source: /** @type {const} */ ('camera') };

/** Bench is a room on a fake server that takes everything; each test has one of its own. */
export class Bench {
  socket = new FakeSocket();
  room;
  /** What the room has been. @type {string[]} */
  states = [];

  constructor() {
    FakePeerConnection.all = [];
    this.socket.answers = {
      join: joinAck(), leave: { ok: true }, subscribe: { ok: true, slots: [] }, mute: { ok: true }, unpublish: { ok: true },
      offer: (/** @type {any} */ o) => ({
        ok: true, id: o.id, answer: 'answer', slots: [],
        published: o.publish.map((/** @type {any} */ p) => ({ mid: p.mid, publication: `p${p.mid}` })),
      }),
    };
    this.room = new Room({
      connect: () => /** @type {any} */ (this.socket),
      PeerConnection: /** @type {any} */ (FakePeerConnection),
    });
    this.room.on('state', (s) => this.states.push(s));
  }

  async join() {
    await this.room.join({ room: 'r', name: 'Ana' });
    await settle();
  }
}
