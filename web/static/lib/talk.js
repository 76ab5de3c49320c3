// @ts-check
import { Emitter } from './emitter.js';
/** @import {CaptionEvent, JoinAck, Poll, QualityEvent, ReactEvent} from './protocol.js' */
/** @import {Session} from './session.js' */

/** @typedef {QualityEvent['list'][number]} Quality of a member's connection: `q` is 3 for good, 0 for lost */

/**
 * Talk is what members tell each other beside the chat, reached as `room.talk`:
 * hands, reactions, captions and polls; and what the server says of connections.
 *
 * ```js
 * room.talk.on('reaction', ({ sender, emoji }) => fly(sender, emoji));
 * await room.talk.raise(true); // room.members then have `hand`, see hands()
 * ```
 *
 * Events: `reaction` of somebody else; `caption` of somebody else, which takes the
 * place of the one before with the same `id`; `poll` that is new, was voted on or
 * is closed; `quality` when {@link quality} answers differently.
 *
 * @extends {Emitter<{reaction: ReactEvent, caption: CaptionEvent, poll: Poll, quality: void}>}
 */
export class Talk extends Emitter {
  /** @type {Session} */
  #session;
  /** @type {Map<string, Poll>} */
  #polls = new Map();
  /** Of those that are not good. @type {Map<string, Quality>} */
  #qualities = new Map();

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
    const { signal } = session;
    signal.on('react', (/** @type {ReactEvent} */ e) => this.emit('reaction', e));
    signal.on('caption', (/** @type {CaptionEvent} */ e) => this.emit('caption', e));
    signal.on('poll', (/** @type {Poll} */ e) => this.#keep({ ...e, choice: this.#polls.get(e.id)?.choice }));
    signal.on('quality', (/** @type {QualityEvent} */ e) => this.#grade(e.list ?? []));
    signal.on('down', () => this.sweep(() => false)); // what is not good is told anew
  }

  /** Raises one's hand, or lowers it. @param {boolean} up */
  async raise(up) {
    await this.#session.request('hand', { up });
  }

  /** Lowers the hand of a member, or without one everybody's; for moderators. @param {string} [member] */
  async lowerHand(member) {
    await this.#session.request('mod', { op: 'lower_hand', member });
  }

  /** Shows the others a sign for a moment. @param {string} emoji at most 16 bytes, no letters */
  async react(emoji) {
    await this.#session.request('react', { emoji });
  }

  /**
   * Sends what one says, in words.
   * @param {string} text at most 500 characters
   * @param {boolean} final the words will not change any more
   * @param {string} [lang] BCP 47, such as `en-GB`
   */
  async caption(text, final, lang) {
    await this.#session.request('caption', { text, final, lang });
  }

  /** The polls of the room, oldest first; `choice` is one's own vote. @returns {Poll[]} */
  get polls() {
    return [...this.#polls.values()];
  }

  /**
   * Asks a question; for moderators.
   * @param {string} question
   * @param {string[]} choices 2 to 10
   * @param {{secret?: boolean}} [o] `secret`: nobody is told who voted for what
   * @returns {Promise<string>} the poll's id
   */
  async openPoll(question, choices, o = {}) {
    const ack = await this.#session.request('poll', { op: 'open', question, choices, secret: o.secret ?? false });
    return ack.id;
  }

  /**
   * Votes, or votes for something else.
   * @param {string} id
   * @param {number} choice place in the poll's choices
   */
  async vote(id, choice) {
    await this.#session.request('poll', { op: 'vote', id, choice });
    const poll = this.#polls.get(id);
    if (poll) {
      this.#keep({ ...poll, choice });
    }
  }

  /** Ends a poll, which is kept with its counts; for moderators. @param {string} id */
  async closePoll(id) {
    await this.#session.request('poll', { op: 'close', id });
  }

  /**
   * How good the connection of a member is, as the server sees it.
   * @param {string} member
   * @returns {Quality}
   */
  quality(member) {
    return this.#qualities.get(member) ?? { member, q: 3 };
  }

  /**
   * Takes the polls of a whole state.
   * @param {Pick<JoinAck, 'polls'>} ack
   */
  reset(ack) {
    const old = this.#polls;
    this.#polls = new Map((ack.polls ?? []).map((p) => [p.id, p]));
    for (const p of this.#polls.values()) {
      if (JSON.stringify(p) !== JSON.stringify(old.get(p.id))) {
        this.emit('poll', p);
      }
    }
  }

  /**
   * Forgets the qualities of members who are gone: if they come back, they are good
   * until the server says otherwise.
   * @param {(member: string) => boolean} exists
   */
  sweep(exists) {
    this.#grade([...this.#qualities.keys()].filter((id) => !exists(id)).map((member) => ({ member, q: 3 })));
  }

  /** @param {Poll} poll */
  #keep(poll) {
    this.#polls.set(poll.id, poll);
    this.emit('poll', poll);
  }

  /** @param {Quality[]} list */
  #grade(list) {
    for (const one of list) {
      if (one.q < 3) {
        this.#qualities.set(one.member, one);
      } else {
        this.#qualities.delete(one.member);
      }
    }
    if (list.length > 0) {
      this.emit('quality', undefined);
    }
  }
}

/**
 * Who has a hand up, in the order in which they raised it.
 * @template {{hand?: number}} M
 * @param {M[]} members
 * @returns {M[]}
 */
export function hands(members) {
  return members.filter((m) => m.hand).sort((a, b) => (a.hand ?? 0) - (b.hand ?? 0));
}
