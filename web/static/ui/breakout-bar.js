// @ts-check
import { adrift, h, setText } from './dom.js';
import { t } from './i18n.js';
import { clock } from './names.js';
/** @import {BreakoutRoom} from '../lib/protocol.js' */
/** @import {Room} from '../lib/room.js' */
/** @import {Context} from './call.js' */

/** @param {Room} room @returns {BreakoutRoom|undefined} which of the breakout rooms it is, if it is one */
export const partOf = (room) => room.info?.breakout?.rooms.find((r) => r.room === room.name);

/** @param {Room} room @returns {string} the room that others are invited to, also from a breakout room */
export const mainRoom = (room) => (partOf(room) && room.info?.breakout?.main) || room.name;

/** @param {Room} room @returns {string} what it is called */
export function roomTitle(room) {
  const part = partOf(room);
  return part ? t('breakout.titleOf', { room: mainRoom(room), name: part.name }) : room.name;
}

/** When people are told that the end is near, in milliseconds. */
const near = 60_000;

/**
 * BreakoutBar says in a breakout room which one it is and for how long, and leads
 * back; in the main room it tells moderators that the others are open.
 */
export class BreakoutBar {
  #ctx;
  #manage;
  #text = h('span', {});
  #left = h('span', { class: 'time', role: 'timer' });
  #back = h('button', { type: 'button', class: 'button', onclick: () => this.#goBack() }, t('breakout.back'));
  #more = h('button', { type: 'button', class: 'button', onclick: () => this.#manage() }, t('breakout.manage'));
  #bar = h('div', { class: 'breakout-bar', role: 'region', 'aria-label': t('breakout.title'), hidden: true }, this.#text, this.#left, this.#back, this.#more);
  #warned = 0;
  /** @type {(() => void)[]} */
  #off;
  #timer = setInterval(() => this.#tick(), 1000);

  /**
   * @param {Context} ctx
   * @param {() => void} manage opens the dialog
   */
  constructor(ctx, manage) {
    this.#ctx = ctx;
    this.#manage = manage;
    this.#off = [ctx.room.on('moved', () => this.#arrived())];
  }

  /** A note says where one has come. */
  #arrived() {
    const { room, toasts } = this.#ctx;
    const part = partOf(room);
    toasts.note(part ? t('breakout.here', { name: part.name }) : t('breakout.moved', { name: room.name }));
  }

  update() {
    const { room, head } = this.#ctx;
    if (!this.#bar.isConnected) {
      head.after(this.#bar);
    }
    const division = room.info?.breakout;
    const part = partOf(room);
    const leads = room.can.moderate === true;
    const focused = this.#bar.contains(document.activeElement);
    this.#bar.hidden = !division || (!part && !leads);
    setText(this.#text, part ? t('breakout.here', { name: part.name }) : t('breakout.areOpen'));
    this.#back.hidden = !part;
    this.#more.hidden = !leads;
    if (focused && adrift(this.#bar)) {
      head.closest('main')?.focus();
    }
    this.#tick();
  }

  #tick() {
    const { room, toasts } = this.#ctx;
    const ends = this.#bar.hidden ? undefined : room.info?.breakout?.ends;
    const left = ends === undefined ? Infinity : ends - Date.now();
    setText(this.#left, ends === undefined ? '' : clock(left));
    if (ends !== undefined && left < near && this.#warned !== ends) {
      this.#warned = ends;
      toasts.note(t('breakout.soon'));
    }
  }

  #goBack() {
    const { room, fail } = this.#ctx;
    const main = room.info?.breakout?.main;
    if (main) {
      room.follow({ room: main }).catch(fail);
    }
  }

  close() {
    clearInterval(this.#timer);
    this.#off.forEach((off) => off());
  }
}
