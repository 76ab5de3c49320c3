// @ts-check
import { h, set } from './dom.js';
import { icon, setIcon } from './icons.js';
import { t } from './i18n.js';
/** @import {IconName} from './icons.js' */

/** @typedef {'mic'|'cam'|'share'|'chat'|'leave'} Control */

/**
 * Toolbar holds the call controls. Their names never change; what a press does
 * is told by the pressed state and by the tooltip. Tab reaches one of them,
 * arrows, Home and End the others.
 */
export class Toolbar {
  /** @type {Record<Control, HTMLButtonElement>} */
  #buttons;
  element;

  /** @param {Record<Control, () => void>} on */
  constructor(on) {
    const make = (/** @type {Control} */ c) => h('button', {
      type: 'button', class: `control control-${c}`, 'aria-label': t(`toolbar.${c}`), title: t(`toolbar.${c}`),
      tabindex: c === 'mic' ? 0 : -1, onclick: on[c],
    }, icon(c));
    this.#buttons = {
      mic: make('mic'), cam: make('cam'), share: make('share'), chat: make('chat'), leave: make('leave'),
    };
    this.#buttons.share.hidden = !navigator.mediaDevices?.getDisplayMedia;
    set(this.#buttons.chat, 'aria-controls', 'chat');
    this.element = h('div', {
      class: 'toolbar', role: 'toolbar', 'aria-label': t('toolbar.name'),
      onkeydown: (/** @type {KeyboardEvent} */ e) => this.#move(e),
      onfocusin: (/** @type {FocusEvent} */ e) => this.#rove(/** @type {Element} */ (e.target)),
    }, ...Object.values(this.#buttons));
  }

  /** @param {KeyboardEvent} e */
  #move(e) {
    const list = Object.values(this.#buttons).filter((b) => !b.hidden);
    const at = list.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 };
    if (at >= 0 && e.key in to) {
      e.preventDefault();
      list[(to[e.key] + list.length) % list.length].focus();
    }
  }

  /** @param {Element} focused */
  #rove(focused) {
    for (const b of Object.values(this.#buttons)) {
      b.tabIndex = b.contains(focused) ? 0 : -1;
    }
  }

  /**
   * @param {{mic: boolean, cam: boolean, share: boolean, chat: boolean, unread: number}} v
   */
  update(v) {
    for (const c of /** @type {const} */ (['mic', 'cam', 'share'])) {
      set(this.#buttons[c], 'aria-pressed', v[c]);
      set(this.#buttons[c], 'title', t(`toolbar.${c}${v[c] ? 'On' : 'Off'}`));
    }
    setIcon(this.#buttons.mic, v.mic ? 'mic' : 'micOff');
    setIcon(this.#buttons.cam, v.cam ? 'cam' : 'camOff');
    set(this.#buttons.chat, 'aria-expanded', v.chat);
    set(this.#buttons.chat, 'title', v.unread > 0 ? t('chat.unread', { n: v.unread }) : t('toolbar.chat'));
    // Drawn by the style sheet: text inside would have to be part of the name.
    set(this.#buttons.chat, 'data-unread', v.unread === 0 ? null : v.unread > 99 ? '99+' : v.unread);
  }

  /** @param {Control} c */
  focus(c) {
    this.#buttons[c].focus();
  }
}
