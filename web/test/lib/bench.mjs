// @ts-check
// A room on a fake server, which a test can ask for anything.
import { beforeEach } from 'node:test';
import { Room } from '../../static/lib/switchyard.js';
import { FakePeerConnection, FakeSocket, joinAck, settle } from './fakes.mjs';

/** Somebody else, and what she publishes. */
export const bo = { id: 'bo', name: 'Bo' };
export const camera = { id: 'c1', member: 'bo', kind: /** @type {const} */ ('video'), source: /** @type {const} */ ('camera') };

/**
 * Makes a room anew before each test, with a server that takes everything.
 * @returns what is there now, in functions because it is another one in each test
 */
export function start() {
  /** @type {FakeSocket} */
  let socket;
  /** @type {Room} */
  let room;
  /** @type {string[]} */
  let states;

  beforeEach(() => {
    FakePeerConnection.all = [];
    socket = new FakeSocket();
    socket.answers = {
      join: joinAck(), leave: { ok: true }, subscribe: { ok: true, slots: [] }, mute: { ok: true }, unpublish: { ok: true },
      offer: (/** @type {any} */ o) => ({
        ok: true, id: o.id, answer: 'answer', slots: [],
        published: o.publish.map((/** @type {any} */ p) => ({ mid: p.mid, publication: `p${p.mid}` })),
      }),
    };
    room = new Room({
      connect: () => /** @type {any} */ (socket),
      PeerConnection: /** @type {any} */ (FakePeerConnection),
    });
    states = [];
    room.on('state', (s) => states.push(s));
  });

  return {
    socket: () => socket,
    room: () => room,
    states: () => states,
    async join() {
      await room.join({ room: 'r', name: 'Ana' });
      await settle();
    },
  };
}
