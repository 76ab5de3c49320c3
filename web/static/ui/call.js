// @ts-check
import { ChatPanel } from './chat.js';
import { Controls } from './controls.js';
import { h, set, setText, show } from './dom.js';
import { Grid } from './grid.js';
import { icon } from './icons.js';
import { sentence, t } from './i18n.js';
import { clock } from './names.js';
import { Sound } from './sound.js';
import { Toolbar } from './toolbar.js';
/** @import {Room} from '../lib/room.js' */
/** @import {LocalMedia} from './media.js' */

/** Call is the screen of a joined room. */
export class Call {
  #room;
  #media;
  controls;
  #grid;
  #sound;
  #chat;
  #toolbar;
  #status = h('p', { class: 'status', role: 'status' });
  #people = h('span', {});
  #time = h('span', { class: 'time', 'aria-hidden': 'true' });
  #alone;
  #hear;
  #toasts = h('div', { class: 'toasts', role: 'alert' });
  #main = h('main', { class: 'call', tabindex: -1 });
  #since = Date.now();
  #blocked = false;
  /** The room has been out of reach for so long that people should know. */
  #lost = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #losing;
  /** @type {(() => void)[]} */
  #off = [];

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   */
  constructor(room, media) {
    this.#room = room;
    this.#media = media;
    this.controls = new Controls(room, media);
    this.#grid = new Grid(room, media);
    this.#sound = new Sound((blocked) => (this.#hear.hidden = !blocked));
    this.#hear = this.#hearBar();
    this.#alone = this.#aloneCard();
    this.#chat = new ChatPanel(room, () => this.#updateBar());
    this.#toolbar = new Toolbar({
      mic: () => this.controls.toggle('mic'),
      cam: () => this.controls.toggle('cam'),
      share: () => this.controls.share(),
      chat: () => this.#toggleChat(),
      leave: () => this.#room.leave(),
    });
    this.#listen();
  }

  #listen() {
    const r = this.#room;
    const all = () => this.update();
    this.#off = [
      r.on('roster', all), r.on('slots', all), r.on('speakers', all), r.on('state', (s) => this.#connected(s !== 'reconnecting')),
      r.on('asked', (source) => this.#toast(source === 'camera' ? 'cam_asked' : 'mic_asked')),
      r.on('line', (line) => this.#chat.add(line)),
      r.on('media', (s) => {
        this.#blocked = s === 'failed' || (this.#blocked && s !== 'connected');
        this.update();
      }),
      this.controls.on('change', all),
      this.controls.on('error', (code) => this.#toast(code)),
      this.#media.on('change', () => this.#deviceChanged()),
    ];
    const hurry = () => document.visibilityState === 'visible' && r.hurry();
    const moved = () => r.moved();
    window.addEventListener('online', moved);
    document.addEventListener('visibilitychange', hurry);
    const timer = setInterval(() => setText(this.#time, clock(this.elapsed)), 1000);
    this.#off.push(() => {
      window.removeEventListener('online', moved);
      document.removeEventListener('visibilitychange', hurry);
      clearInterval(timer);
      clearTimeout(this.#losing);
    });
  }

  /**
   * Notes that the room is in reach, or not. What passes within 2 s is not worth
   * a word, because media goes on.
   * @param {boolean} yes
   */
  #connected(yes) {
    clearTimeout(this.#losing);
    this.#lost &&= !yes;
    if (!yes && !this.#lost) {
      this.#losing = setTimeout(() => {
        this.#lost = true;
        this.update();
      }, 2000);
    }
    this.update();
  }

  /** Milliseconds since the room was entered. */
  get elapsed() {
    return Date.now() - this.#since;
  }

  /** Shows the room, when it has been joined. */
  open() {
    this.#since = Date.now();
    document.title = t('title.room', { room: this.#room.name });
    setText(this.#time, clock(0));
    this.#main.append(
      h('header', { class: 'call-head' },
        icon('mark'), h('h1', {}, this.#room.name), this.#time, this.#people, this.#copyButton('button ghost')),
      h('div', { class: 'call-body' },
        h('section', { class: 'stage', 'aria-label': t('call.stage') }, this.#grid.element, this.#alone),
        this.#chat.element),
      this.#toasts, this.#hear,
      h('footer', { class: 'call-foot' }, this.#status, this.#toolbar.element),
      this.#sound.element);
    show(this.#main);
    this.#main.focus({ preventScroll: true });
    this.update();
  }

  update() {
    this.#grid.update();
    this.#sound.speaker = this.#media.speaker;
    this.#sound.update(this.#room.slots);
    const n = this.#room.members.length;
    setText(this.#people, t('call.people', { n }));
    this.#alone.hidden = n > 1 || this.#lost;
    set(this.#main, 'data-state', this.#lost ? 'reconnecting' : 'joined');
    this.#updateBar();
  }

  #updateBar() {
    this.#toolbar.update({
      mic: this.#media.live('mic'),
      cam: this.#media.live('cam'),
      share: this.controls.sharing,
      chat: this.#chat.open,
      unread: this.#chat.unread,
    });
    setText(this.#status, this.#statusText());
  }

  #statusText() {
    if (this.#lost) {
      return t('status.reconnecting');
    }
    if (this.#blocked) {
      return sentence('media_blocked');
    }
    if (this.controls.sharing) {
      return t('status.youShare');
    }
    const screen = this.#room.publications.find((p) => p.source === 'screen');
    const by = this.#room.members.find((m) => m.id === screen?.member);
    if (by) {
      return t('status.sharing', { name: by.name });
    }
    return this.#media.live('mic') ? '' : t('status.muted');
  }

  #deviceChanged() {
    for (const d of /** @type {const} */ (['mic', 'cam'])) {
      if (this.#media[d].error === `${d}_lost`) {
        this.#media[d].error = '';
        this.#toast(`${d}_lost`);
      }
    }
    this.controls.follow();
    this.update();
  }

  #toggleChat() {
    this.#chat.toggle();
    if (!this.#chat.open) {
      this.#toolbar.focus('chat');
    }
  }

  /** @param {string} style */
  #copyButton(style) {
    const text = h('span', {}, t('call.copy'));
    const button = h('button', {
      type: 'button', class: style,
      onclick: async () => {
        const url = `${location.origin}/?room=${encodeURIComponent(this.#room.name)}`;
        if (!(await copied(url))) {
          this.#toast('copyThis', t('call.copyThis', { url }));
          return;
        }
        setText(text, t('call.copied'));
        setTimeout(() => setText(text, t('call.copy')), 2000);
      },
    }, icon('link'), text);
    return button;
  }

  #aloneCard() {
    return h('div', { class: 'alone', hidden: true },
      h('p', {}, h('strong', {}, t('call.alone')), h('span', { class: 'alone-hint' }, ' ', t('call.aloneHint'))), this.#copyButton('button'));
  }

  #hearBar() {
    return h('div', { class: 'hear-bar', role: 'alert', hidden: true },
      h('p', {}, t('call.hearBar')),
      h('button', { type: 'button', class: 'button primary', onclick: () => this.#sound.unblock() }, t('call.hear')));
  }

  /**
   * @param {string} code of an error that passes
   * @param {string} [text] its sentence, if it is not that of the code
   */
  #toast(code, text = sentence(code, { url: `https://${location.host}/` })) {
    this.#toasts.querySelector(`[data-code="${CSS.escape(code)}"]`)?.remove();
    const toast = h('div', { class: 'toast', 'data-code': code }, h('p', {}, text));
    toast.append(h('button', {
      type: 'button', class: 'button ghost icon-button', 'aria-label': t('call.dismiss'), onclick: () => toast.remove(),
    }, icon('close')));
    this.#toasts.append(toast);
    setTimeout(() => toast.remove(), 8000);
  }

  close() {
    this.#off.forEach((off) => off());
    this.controls.stop();
    this.#sound.stop();
    this.#grid.close();
  }
}

/**
 * Puts text on the clipboard, which browsers offer on secure origins only.
 * @param {string} text
 * @returns {Promise<boolean>}
 */
function copied(text) {
  const written = navigator.clipboard?.writeText(text).then(() => true, () => false);
  return written ?? Promise.resolve(false);
}
