// @ts-check
import { t } from './i18n.js';
/** @import {Poll} from '../lib/protocol.js' */
/** @import {Context} from './call.js' */
/** @import {Dialog} from './dialog.js' */

/** Polls tells of polls that are open; the dialog in which they are is loaded for the first one. */
export class Polls {
  #ctx;
  #off;
  /** Removes what tells of a poll, by its id. @type {Map<string, () => void>} */
  #told = new Map();
  /** @type {Dialog|null} */
  #dialog = null;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    ctx.toolbar.add({ id: 'polls', icon: 'poll', more: true, onclick: () => this.#open() });
    const off = [ctx.room.talk.on('poll', (p) => this.#tell(p)), ctx.room.on('moved', () => this.#renew())];
    this.#off = () => off.forEach((f) => f());
    ctx.room.talk.polls.forEach((p) => this.#tell(p));
  }

  update() {
    const { room, toolbar } = this.#ctx;
    const { polls } = room.talk;
    const open = room.can.chat ? polls.filter((p) => !p.closed && p.choice === undefined).length : 0;
    toolbar.update({ polls: { badge: open, hidden: polls.length === 0 && !room.can.moderate } });
  }

  /** Another room has other polls, which may have the same ids. */
  #renew() {
    this.#dialog?.close();
    this.#told.forEach((remove) => remove());
    this.#told.clear();
    this.#ctx.room.talk.polls.forEach((p) => this.#tell(p));
  }

  /** @param {Poll} p */
  #tell(p) {
    const { room, toasts, update, fail } = this.#ctx;
    update();
    const remove = this.#told.get(p.id);
    if (p.closed || p.choice !== undefined) {
      remove?.();
    } else if (!remove && p.by !== room.self?.id && room.can.chat && !this.#dialog) {
      this.#told.set(p.id, toasts.show(`poll_${p.id}`, t('polls.asked', { question: p.question }), {
        stay: true, actions: [{ label: t('polls.vote'), onclick: () => this.#open().catch(fail) }],
      }));
    }
  }

  async #open() {
    const { openPolls } = await import('./polls-dialog.js');
    this.#told.forEach((remove) => remove());
    this.#dialog ??= openPolls(this.#ctx, () => (this.#dialog = null));
  }

  close() {
    this.#off();
  }
}
