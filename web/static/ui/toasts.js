// @ts-check
import { focusOn, h, setText } from './dom.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';

/** @typedef {{label: string, onclick: () => void}} ToastAction */
/** @typedef {'joined'|'left'} Move what {@link Toasts.moved} tells of members */

/** Toasts, and notes, that are there at once. */
const most = 3;
/** Milliseconds that a toast, and a note, is there. */
const stays = 8000;
const noteStays = 5000;
/** Milliseconds within which moves of one kind become one note. */
const together = 3000;

/**
 * Toasts tells what happens in passing: toasts are about oneself, can be acted
 * upon and are announced at once; notes are about others, and polite.
 */
export class Toasts {
  #alerts = h('div', { class: 'toasts', role: 'alert' });
  #notes = h('div', { class: 'notes', 'aria-live': 'polite' });
  element = h('div', {}, this.#alerts, this.#notes);
  /** The note about each kind of move, and who moved. @type {Map<Move, {note: HTMLElement, since: number, name: string, n: number}>} */
  #moves = new Map();
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();

  /**
   * Shows a toast; one of the same code that is there goes.
   * @param {string} code
   * @param {string} [text] that of the error code if missing
   * @param {{actions?: ToastAction[], stay?: boolean}} [o] with `stay` until it is dismissed
   * @returns {() => void} removes it
   */
  show(code, text = sentence(code, { url: `https://${location.host}/` }), { actions = [], stay = false } = {}) {
    this.#alerts.querySelector(`[data-code="${CSS.escape(code)}"]`)?.remove();
    const remove = () => {
      const inside = toast.contains(document.activeElement);
      toast.remove();
      inside && focusOn(null);
    };
    // Whoever has come to its buttons by the keyboard is not to lose them.
    const fade = () => (toast.matches(':focus-within') ? this.#after(stays, fade) : remove());
    const toast = h('div', { class: 'toast', 'data-code': code, 'data-stay': stay },
      h('p', {}, text),
      ...actions.map((a) => h('button', { type: 'button', class: 'button', onclick: () => (remove(), a.onclick()) }, a.label)),
      h('button', { type: 'button', class: 'button ghost icon-button', 'aria-label': t('call.dismiss'), onclick: remove }, icon('close')));
    this.#alerts.append(toast);
    if (this.#alerts.childElementCount > most) {
      (this.#alerts.querySelector('.toast:not([data-stay], :last-child)') ?? this.#alerts.firstElementChild)?.remove();
    }
    if (!stay) {
      this.#after(stays, fade);
    }
    return remove;
  }

  /**
   * @param {string} text
   * @returns {HTMLElement} what shows it
   */
  note(text) {
    const note = h('p', { class: 'note' }, text);
    this.#notes.append(note);
    if (this.#notes.childElementCount > most) {
      this.#notes.firstElementChild?.remove();
    }
    this.#after(noteStays, () => note.remove());
    return note;
  }

  /**
   * Notes that a member came or went. Those who do within three seconds share
   * one note.
   * @param {Move} move
   * @param {string} name
   */
  moved(move, name) {
    const now = Date.now();
    const last = this.#moves.get(move);
    if (last?.note.isConnected && now - last.since < together) {
      last.n++;
      setText(last.note, t(`note.${move}More`, { name: last.name, n: last.n }));
      return;
    }
    last?.note.remove();
    const note = this.note(t(`note.${move}`, { name }));
    note.classList.add('is-move');
    this.#moves.set(move, { note, since: now, name, n: 0 });
  }

  /** @param {number} ms @param {() => void} f */
  #after(ms, f) {
    const timer = setTimeout(() => (this.#timers.delete(timer), f()), ms);
    this.#timers.add(timer);
  }

  stop() {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
  }
}
