// @ts-check
import { sentence, t } from './i18n.js';
/** @import {Room} from '../lib/room.js' */

/** Milliseconds without a connection after which media is called blocked: some browsers never say so. */
const patience = 10_000;

/** Reach tells whether media gets through. */
export class Reach {
  #room;
  #blocked = false;
  #onchange;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #off;

  /** @param {Room} room @param {() => void} onchange */
  constructor(room, onchange) {
    this.#room = room;
    this.#onchange = onchange;
    this.#off = [room.on('state', (s) => s === 'joined' && this.#look()), room.on('media', () => this.#look())];
  }

  #look() {
    const state = this.#room.pc?.connectionState;
    if (state === 'connected' || state === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#set(false);
    } else if (state === 'failed') {
      this.#set(true);
    } else {
      this.#timer ??= setTimeout(() => this.#set(true), patience);
    }
  }

  /** @param {boolean} blocked */
  #set(blocked) {
    if (this.#blocked !== blocked) {
      this.#blocked = blocked;
      this.#onchange();
    }
  }

  /** What is to be said of it; empty if media gets through. */
  get status() {
    return this.#blocked ? `${sentence('media_blocked')} ${hasDetour(this.#room.pc) ? t('status.detour') : ''}`.trim() : '';
  }

  close() {
    clearTimeout(this.#timer);
    this.#off.forEach((off) => off());
  }
}

/**
 * Whether media could take another way than UDP: the server takes TCP, or there
 * is a relay.
 * @param {RTCPeerConnection|null} pc
 * @returns {boolean}
 */
export function hasDetour(pc) {
  const relays = pc?.getConfiguration().iceServers?.flatMap((s) => s.urls).some((url) => /^turns?:/i.test(url));
  return relays === true || /^a=candidate:\S+ \d+ tcp /im.test(pc?.remoteDescription?.sdp ?? '');
}
