// @ts-check
import { Arrivals } from './arrivals.js';
import { mainRoom, roomTitle } from './breakout-bar.js';
import { Captions } from './captions.js';
import { Chat } from './chat.js';
import { copied } from './clipboard.js';
import { Controls } from './controls.js';
import { closeDialogs } from './dialog.js';
import { h, perFrame, set, setText, show } from './dom.js';
import { Hands } from './hands.js';
import { Hosting } from './hosting.js';
import { icon } from './icons.js';
import { t } from './i18n.js';
import { Keys } from './keys.js';
import { Layouts } from './layouts.js';
import { Listening } from './listening.js';
import { More } from './more.js';
import { clock } from './names.js';
import { Panels } from './panel.js';
import { Phone } from './phone.js';
import { Polls } from './polls.js';
import { Reach } from './reach.js';
import { Reactions } from './reactions.js';
import { Sharing } from './sharing.js';
import { Sound } from './sound.js';
import { Stage } from './stage.js';
import { Toasts } from './toasts.js';
import { Toolbar } from './toolbar.js';
/** @import {Room} from '../lib/room.js' */
/** @import {LocalMedia} from './media.js' */

/**
 * @typedef {object} Context what a feature of the call gets, to add itself
 * @property {Room} room
 * @property {LocalMedia} media
 * @property {Controls} controls
 * @property {Panels} panels
 * @property {Toolbar} toolbar
 * @property {Toasts} toasts
 * @property {Keys} keys
 * @property {Stage} stage
 * @property {Sound} sound
 * @property {HTMLElement} head where the call is named; for badges
 * @property {() => void} update asks for an update of everything, with the next frame
 * @property {(tab?: string) => Promise<void>} settings opens them
 * @property {(err: any) => void} fail says why something did not work
 */

/**
 * @typedef {object} Feature a part of the call that stands by itself
 * @property {() => void} [open] the call is on the screen
 * @property {() => void} [update] the room, the devices or the stage changed
 * @property {string} [status] what the status line says for it, or empty
 * @property {() => void} [close] the call ends
 */

/** In the order in which they are made and asked. @type {(new (ctx: Context) => Feature)[]} */
const features = [
  Phone,
  Chat,
  Layouts,
  Sharing,
  Hosting,
  Hands,
  Reactions,
  Polls,
  Captions,
  Arrivals,
  Listening,
  More,
];

/** Call is the screen of a joined room: it puts the features together. */
export class Call {
  #room;
  #media;
  controls;
  #stage;
  #sound;
  #panels = new Panels();
  #toolbar;
  #toasts = new Toasts();
  #keys = new Keys();
  /** @type {Feature[]} */
  #features;
  #status = h('p', { class: 'status', role: 'status' });
  #title = h('h1', {});
  #people = h('span', {});
  #time = h('span', { class: 'time', 'aria-hidden': 'true' });
  #head = h('header', { class: 'call-head' });
  #alone;
  #hear;
  #main = h('main', { class: 'call', tabindex: -1 });
  #since = Date.now();
  #reach;
  /** The room has been out of reach for so long that people should know. */
  #lost = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #losing;
  #frame = perFrame(() => this.#closed || this.#update());
  #closed = false;
  /** What is wrong with the devices, as it was told. */
  #wrong;
  /** @type {(() => void)[]} */
  #off = [];

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   */
  constructor(room, media) {
    this.#room = room;
    this.#media = media;
    this.#wrong = { mic: media.mic.error, cam: media.cam.error };
    this.controls = new Controls(room, media);
    this.#sound = new Sound((blocked) => (this.#hear.hidden = !blocked));
    this.#stage = new Stage(room, media, this.controls, this.#sound);
    this.#hear = this.#hearBar();
    this.#alone = this.#aloneCard();
    this.#toolbar = new Toolbar([
      { id: 'mic', icon: 'mic', iconOff: 'micOff', toggles: true, key: 'm', onclick: () => this.controls.toggle('mic') },
      { id: 'cam', icon: 'cam', iconOff: 'camOff', toggles: true, key: 'v', onclick: () => this.controls.toggle('cam') },
      { id: 'share', icon: 'share', toggles: true, key: 's', onclick: () => this.controls.share(), hidden: !navigator.mediaDevices?.getDisplayMedia },
      { id: 'leave', icon: 'leave', onclick: () => this.#room.leave() },
    ], this.#keys, (err) => this.#fail(err));
    /** @type {Context} */
    const ctx = {
      room, media, controls: this.controls, panels: this.#panels, toolbar: this.#toolbar, toasts: this.#toasts,
      keys: this.#keys, stage: this.#stage, sound: this.#sound, head: this.#head, update: this.#frame.ask,
      settings: (tab) => this.#settings(tab).catch((err) => this.#fail(err)), fail: (err) => this.#fail(err),
    };
    this.#reach = new Reach(room, this.#frame.ask);
    this.#features = features.map((F) => new F(ctx));
    this.#listen();
  }

  #listen() {
    const r = this.#room;
    const all = this.#frame.ask;
    this.#off = [
      r.on('roster', all), r.on('slots', all), r.on('media', all), r.on('speakers', all), r.on('state', (s) => this.#connected(s !== 'reconnecting')),
      this.controls.on('change', all),
      this.controls.on('error', (code) => this.#toasts.show(code)),
      this.#media.on('change', () => this.#deviceChanged()),
      this.#media.on('background', (code) => this.#toasts.show(code)),
      this.#media.on('switched', ({ device, label }) => this.#toasts.show(`${device}_switched`, t(`device.${device}Switched`, { label }))),
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
        this.#frame.ask();
      }, 2000);
    }
    this.#frame.ask();
  }

  /** Milliseconds since the room was entered. */
  get elapsed() {
    return Date.now() - this.#since;
  }

  /** Shows the room, when it has been joined. */
  open() {
    this.#since = Date.now();
    setText(this.#time, clock(0));
    this.#head.prepend(icon('mark'), this.#title, this.#time, this.#people);
    this.#head.append(this.#copyButton('button ghost'));
    this.#main.append(
      this.#head,
      h('div', { class: 'call-body' },
        h('section', { class: 'stage', 'aria-label': t('call.stage') }, this.#stage.element, this.#alone),
        this.#panels.element),
      this.#toasts.element, this.#hear,
      h('footer', { class: 'call-foot' }, this.#status, this.#toolbar.element),
      this.#sound.element);
    show(this.#main);
    this.#main.focus({ preventScroll: true });
    this.#features.forEach((f) => f.open?.());
    this.#update();
  }

  /** @param {string} [tab] to begin with */
  async #settings(tab) {
    const { openSettings } = await import('./settings.js');
    this.#closed || openSettings({ media: this.#media, keys: this.#keys, tab, update: this.#frame.ask });
  }

  /**
   * Says why something did not work. A part of the page that does not come is of a
   * server that is newer than the page, or the network is lost.
   * @param {any} err
   */
  #fail(err) {
    if (!(err instanceof TypeError)) {
      this.#toasts.show(err?.code ?? 'internal');
      return;
    }
    if (!/import|module/i.test(err.message)) {
      reportError(err);
    }
    this.#toasts.show('part', undefined, { actions: [{ label: t('settings.reload'), onclick: () => location.reload() }] });
  }

  #update() {
    this.#stage.draw();
    this.#sound.speaker = this.#media.speaker;
    this.#sound.update(this.#room.slots);
    const n = this.#room.members.length;
    const title = roomTitle(this.#room);
    if (this.#title.textContent !== title) {
      setText(this.#title, title);
      document.title = t('title.room', { room: title });
    }
    setText(this.#people, t('call.people', { n }));
    this.#alone.hidden = n > 1 || this.#lost;
    set(this.#main, 'data-state', this.#lost ? 'reconnecting' : 'joined');
    this.#toolbar.update({
      mic: { on: this.#media.live('mic') },
      cam: { on: this.#media.live('cam') },
      share: { on: this.controls.sharing },
    });
    this.#features.forEach((f) => f.update?.());
    setText(this.#status, this.#statusText());
  }

  #statusText() {
    if (this.#lost) {
      return t('status.reconnecting');
    }
    const said = this.#reach.status || this.#features.find((f) => f.status)?.status;
    if (said) {
      return said;
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
      const { error } = this.#media[d];
      if (error && error !== this.#wrong[d]) {
        this.#toasts.show(error);
      }
      this.#media[d].error = error === `${d}_lost` ? '' : error;
      this.#wrong[d] = this.#media[d].error;
    }
    this.controls.follow();
    this.#frame.ask();
  }

  /** @param {string} style */
  #copyButton(style) {
    const text = h('span', {}, t('call.copy'));
    const button = h('button', {
      type: 'button', class: style,
      onclick: async () => {
        const url = `${location.origin}/?room=${encodeURIComponent(mainRoom(this.#room))}`;
        if (!(await copied(url))) {
          this.#toasts.show('copyThis', t('call.copyThis', { url }));
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

  close() {
    this.#closed = true;
    this.#off.forEach((off) => off());
    this.#reach.close();
    this.#frame.cancel();
    this.#features.forEach((f) => f.close?.());
    closeDialogs();
    this.#keys.stop();
    this.#toasts.stop();
    this.#toolbar.stop();
    this.controls.stop();
    this.#sound.stop();
    this.#stage.close();
  }
}
