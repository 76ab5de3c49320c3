// @ts-check
import { h, setText } from './dom.js';
import { t } from './i18n.js';
import { setSetting, setting } from './storage.js';
/** @import {Context} from './call.js' */
/** @import {Speech} from './speech.js' */

/** Lines that are shown at once. */
const most = 3;
/** Milliseconds that a line stays after its last words. */
const stays = 7000;

/**
 * Captions shows what members say in words, where they send it, and sends one's
 * own where the browser can put speech into words. The first is remembered; the
 * second is asked for anew in each call, because the browser may send what it
 * hears to a service of its maker.
 */
export class Captions {
  #ctx;
  #off;
  #shown = setting('captions', /** @type {unknown} */ (false)) === true;
  // Not announced unless somebody wants that: whoever listens hears the voices themselves.
  #region = h('section', { class: 'captions', 'aria-label': t('captions.title'), 'aria-live': 'off', hidden: true });
  /** What was said, for screen readers: whole lines alone, because words that are still being found change. */
  #announced = h('div', { class: 'unseen', role: 'log', 'aria-label': t('captions.title') });
  /** By the captions' ids. @type {Map<string, {element: HTMLElement, text: HTMLElement, timer: ReturnType<typeof setTimeout>}>} */
  #lines = new Map();
  /** @type {Speech|null} */
  #speech = null;
  #closed = false;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.#ctx = ctx;
    const { toolbar, stage, room } = ctx;
    toolbar.add({ id: 'captions', icon: 'captions', toggles: true, more: true, onclick: () => this.#show(!this.#shown) });
    toolbar.add({ id: 'speech', icon: 'mic', toggles: true, more: true, onclick: () => this.#toggleSpeech() });
    stage.element.append(this.#region, this.#announced);
    this.#off = room.talk.on('caption', (e) => {
      this.#line(e.id, room.members.find((m) => m.id === e.sender)?.name ?? t('chat.someone'), e.text, e.final === true);
    });
  }

  update() {
    const { room, toolbar, media } = this.#ctx;
    const may = room.can.chat === true;
    if (!may) {
      this.#quiet();
    }
    this.#speech?.hear(media.live('mic')); // what is muted is not put into words either
    toolbar.update({
      captions: { on: this.#shown },
      speech: { on: this.#speech !== null, hidden: !may || !('SpeechRecognition' in window || 'webkitSpeechRecognition' in window) },
    });
    this.#region.hidden = !this.#shown || this.#lines.size === 0;
  }

  /** @param {boolean} on */
  #show(on) {
    this.#shown = on;
    setSetting('captions', on);
    this.update();
  }

  async #toggleSpeech() {
    if (this.#speech) {
      this.#quiet();
      this.#ctx.update();
      return;
    }
    const { Speech } = await import('./speech.js');
    if (this.#speech || this.#closed) {
      return; // pressed twice, or too late
    }
    const { room, toasts } = this.#ctx;
    this.#speech = new Speech((text, final, lang) => {
      room.talk.caption(text, final, lang).catch(() => {}); // the next words take their place
      this.#line('own', room.self?.name ?? '', text);
    }, () => {
      this.#quiet();
      toasts.show('speech', t('captions.failed'));
      this.#ctx.update();
    });
    toasts.note(t('captions.started'));
    this.#show(true);
  }

  #quiet() {
    this.#speech?.close();
    this.#speech = null;
  }

  /**
   * @param {string} id newer words take the place of those with the same
   * @param {string} name
   * @param {string} words
   * @param {boolean} [whole] of somebody else, and will not change any more
   */
  #line(id, name, words, whole = false) {
    if (whole && this.#shown && setting('announceCaptions', false)) {
      this.#announced.replaceChildren(h('p', {}, t('chat.line', { name, text: words })));
    }
    let line = this.#lines.get(id);
    if (line) {
      clearTimeout(line.timer);
      setText(line.text, words);
    } else {
      const text = h('bdi', {}, words);
      line = { text, element: h('p', {}, h('b', {}, h('bdi', {}, name)), ' ', text), timer: setTimeout(() => {}) };
      this.#lines.set(id, line);
      this.#region.append(line.element);
    }
    line.timer = setTimeout(() => this.#remove(id), stays);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > most) {
      this.#remove(oldest);
    }
    this.#region.hidden = !this.#shown;
  }

  /** @param {string} id */
  #remove(id) {
    const line = this.#lines.get(id);
    clearTimeout(line?.timer);
    line?.element.remove();
    this.#lines.delete(id);
    this.#region.hidden = !this.#shown || this.#lines.size === 0;
  }

  close() {
    this.#closed = true;
    this.#off();
    this.#quiet();
    [...this.#lines.keys()].forEach((id) => this.#remove(id));
  }
}
