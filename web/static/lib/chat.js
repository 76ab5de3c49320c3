// @ts-check
import { RoomError } from './errors.js';
/** @import {Attachment, Message} from './protocol.js' */
/** @import {Line} from './types.js' */

/** Longest message in characters. */
export const maxText = 4000;

/**
 * Chat keeps the lines of a room and the messages that the server has not
 * acknowledged. Messages are the only thing that survives a lost connection:
 * their `cid` lets the server recognise one that it has already taken, so
 * sending it twice shows it once.
 */
export class Chat {
  /** @type {Line[]} */
  lines = [];
  /** @type {Map<string, {text: string, to: string, done: (l: Line) => void, failed: (e: unknown) => void}>} */
  #waiting = new Map();
  /** Messages on their way; one is sent at a time, so that their order holds. */
  #busy = false;
  /** Settled when what was on its way is sent, or waits. @type {Promise<void>} */
  #sent = Promise.resolve();
  /** We are on the way to another room. */
  #held = false;
  #closed = false;
  #count = 0;
  /** The last message which the server may have taken without a word. */
  #unsure = { cid: '', text: '', to: '' };
  /** @type {(name: string, arg: object) => Promise<any>} */
  #request;
  /** @type {(line: Line) => void} */
  #onLine;
  /** @type {(a: Attachment) => string} */
  #address;
  #prefix = randomPrefix();

  /**
   * @param {(name: string, arg: object) => Promise<any>} request sends an event
   * @param {(line: Line) => void} onLine is told each new line
   * @param {(a: Attachment) => string} [address] tells where a file is
   */
  constructor(request, onLine, address = () => '') {
    this.#request = request;
    this.#onLine = onLine;
    this.#address = address;
  }

  /**
   * Sends a message, at once or when there is a connection again. The promise
   * is settled by the server's acknowledgement and by nothing else; the line
   * appears then.
   * @param {string} text
   * @returns {Promise<Line>}
   */
  send(text) {
    return this.sendTo('', text);
  }

  /**
   * Sends a message to one member alone.
   * @param {string} to its id; empty for everybody
   * @param {string} text
   * @returns {Promise<Line>}
   */
  sendTo(to, text) {
    if (text.length === 0 || text.length > maxText) {
      return Promise.reject(new RoomError('too_large', `a message has 1 to ${maxText} characters`));
    }
    if (this.#closed) {
      return Promise.reject(new RoomError('closed', 'the room was left'));
    }
    const again = text === this.#unsure.text && to === this.#unsure.to;
    const cid = again ? this.#unsure.cid : `${this.#prefix}-${++this.#count}`;
    if (again) {
      this.#unsure = { cid: '', text: '', to: '' };
    }
    return new Promise((done, failed) => {
      this.#waiting.set(cid, { text, to, done, failed });
      this.flush();
    });
  }

  /** Sends what waits. Called when the room has been joined, again too. @internal */
  flush() {
    if (!this.#busy) {
      this.#sent = this.#sendAll();
    }
    return this.#sent;
  }

  async #sendAll() {
    this.#busy = true;
    try {
      for (const [cid, m] of this.#waiting) {
        if (this.#held) {
          return;
        }
        try {
          const to = m.to ? { to: m.to } : {};
          const ack = await this.#request('new_message', { cid, text: m.text, ...to });
          if (this.#waiting.delete(cid)) {
            m.done(this.#add({ id: ack.id, ts: ack.ts, name: '', text: m.text, own: true, ...to }));
          }
        } catch (err) {
          if (err instanceof RoomError && ['offline', 'not_joined'].includes(err.code)) {
            return; // it stays; the next join sends it
          }
          if (this.#waiting.delete(cid) && err instanceof RoomError && err.code === 'timeout') {
            this.#unsure = { cid, text: m.text, to: m.to };
          }
          m.failed(err);
        }
      }
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Takes a message of somebody else, or one of the history.
   * @internal
   * @param {Pick<Message, 'id'|'ts'|'text'> & Partial<Message>} m
   * @param {string} name of the sender
   * @param {boolean} [own]
   * @returns {Line}
   */
  receive(m, name, own = false) {
    return this.#add(this.line(m, name, own));
  }

  /**
   * What {@link receive} adds.
   * @internal
   * @param {Pick<Message, 'id'|'ts'|'text'> & Partial<Message>} m
   * @param {string} name of the sender
   * @param {boolean} [own]
   * @returns {Line}
   */
  line(m, name, own = false) {
    /** @type {Line} */
    const line = { id: m.id ?? '', ts: m.ts ?? Date.now(), name, text: String(m.text ?? ''), own };
    if (m.sender) {
      line.sender = m.sender;
    }
    if (m.to) {
      line.to = m.to;
    }
    if (m.attachment) {
      line.attachment = { ...m.attachment, url: this.#address(m.attachment) };
    }
    return line;
  }

  /**
   * We are about to go to another room: what was written so far is sent here, and
   * what is written from then on waits until {@link release}.
   * @internal
   */
  async hold() {
    await this.#sent;
    this.#held = true;
  }

  /** We are there, or stay. @internal */
  release() {
    this.#held = false;
    this.flush();
  }

  /**
   * Forgets the lines, which are another room's, and gives up what was written for
   * that: nobody else is to read it.
   * @internal
   */
  clear() {
    this.lines = [];
    this.#giveUp(new RoomError('moved', 'it was written for another room'));
  }

  /** Gives up what has not been acknowledged. @internal */
  close() {
    this.#closed = true;
    this.#giveUp(new RoomError('closed', 'the room was left'));
  }

  /** @param {RoomError} why */
  #giveUp(why) {
    for (const m of this.#waiting.values()) {
      m.failed(why);
    }
    this.#waiting.clear();
    this.#unsure = { cid: '', text: '', to: '' };
  }

  /**
   * Adds a line where the server's order has it: one that was missed comes with
   * the history, after newer ones.
   * @param {Line} line
   */
  #add(line) {
    const known = this.lines.find((l) => l.id === line.id && line.id !== '');
    if (known) {
      return known;
    }
    const older = this.lines.findLastIndex((l) => l.ts <= line.ts);
    this.lines.splice(older + 1, 0, line);
    if (this.lines.length > 1000) {
      this.lines.shift();
    }
    this.#onLine(line);
    return line;
  }
}

/** A prefix that no other page has, so that a cid names one message. */
function randomPrefix() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, '_');
}
