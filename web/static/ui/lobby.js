// @ts-check
import { BackgroundField } from './background-field.js';
import { Checking } from './checking.js';
import { fillDevices } from './devices.js';
import { h, set, setText, show } from './dom.js';
import { Here } from './here.js';
import { icon, setIcon } from './icons.js';
import { sentence, t } from './i18n.js';
import { Meter } from './meter.js';
import { canChooseSpeaker } from './media.js';
import { speakerTest } from './speaker.js';
/** @import {Device, LocalMedia} from './media.js' */

/** Longest name in bytes of UTF-8. */
const maxName = 64;

/**
 * Lobby is the look into the mirror before a call: preview, devices, name.
 */
export class Lobby {
  #media;
  #onJoin;
  #meter = new Meter(t('lobby.level'));
  #video = h('video', { class: 'mirror', autoplay: true, playsinline: true, 'aria-label': t('lobby.preview') });
  #empty = h('p', { class: 'preview-empty' });
  #notices = h('div', { class: 'notices', role: 'alert' });
  #nameError = h('p', { id: 'name-error', class: 'field-error', role: 'alert' });
  #name;
  #join = h('button', { type: 'submit', class: 'button primary wide' }, t('lobby.join'));
  /** @type {Record<Device, HTMLButtonElement>} */
  #toggles;
  /** @type {Record<Device|'speaker', HTMLSelectElement>} */
  #selects;
  #background;
  #here;
  /** Somebody has to let us in, as far as one can know. */
  #asks = false;
  #checking = new Checking();
  #off;
  /** What the notices say, so that they are announced once. */
  #noticed = '';

  /**
   * @param {object} o
   * @param {string} o.room
   * @param {string} [o.token] that opens it
   * @param {string} o.name known from an earlier visit, or empty
   * @param {LocalMedia} o.media
   * @param {(name: string) => void} o.onJoin
   */
  constructor(o) {
    this.#media = o.media;
    this.#onJoin = o.onJoin;
    this.#video.muted = true;
    this.#name = h('input', {
      id: 'name', type: 'text', autocomplete: 'name', value: o.name, required: true, maxlength: 64,
      oninput: () => this.#invalid(''),
    });
    this.#toggles = { mic: this.#toggle('mic'), cam: this.#toggle('cam') };
    this.#selects = {
      mic: this.#select('mic', (id) => this.#media.choose('mic', id)),
      cam: this.#select('cam', (id) => this.#media.choose('cam', id)),
      speaker: this.#select('speaker', (id) => this.#media.chooseSpeaker(id)),
    };
    this.#background = new BackgroundField(o.media, 'background');
    this.#here = new Here(o.room, o.token, (asks) => {
      this.#asks = asks;
      if (!this.#join.disabled) {
        this.#label();
      }
    });
    document.title = t('title.lobby', { room: o.room });
    show(this.#build(o.room));
    this.#off = this.#media.on('change', () => this.#update());
    this.#update();
    if (!o.name) {
      this.#name.focus();
    }
  }

  /** @param {string} room */
  #build(room) {
    return h('main', { class: 'lobby' },
      h('section', { class: 'card lobby-card', 'aria-label': t('lobby.region') },
        h('h1', {}, t('lobby.title', { room })),
        h('div', { class: 'lobby-columns' },
          h('div', { class: 'preview' },
            this.#video, this.#empty,
            h('div', { class: 'preview-controls' }, this.#toggles.mic, this.#toggles.cam)),
          this.#notices,
          h('form', { class: 'lobby-form', novalidate: true, onsubmit: (e) => this.#submit(e) },
            field('name', t('lobby.name'), this.#name, this.#nameError),
            field('device-mic', t('device.mic'), this.#selects.mic, this.#meter.element),
            field('device-cam', t('device.cam'), this.#selects.cam),
            this.#background.element,
            canChooseSpeaker
              ? field('device-speaker', t('device.speaker'), h('div', { class: 'row' }, this.#selects.speaker, speakerTest(this.#media)))
              : speakerTest(this.#media),
            this.#here.element,
            this.#join),
          this.#checking.element)));
  }

  /**
   * @param {Device} d
   * @returns {HTMLButtonElement}
   */
  #toggle(d) {
    return h('button', {
      type: 'button', class: 'control', 'aria-label': t(`device.${d}`),
      onclick: () => this.#media.turn(d, !this.#media.live(d)),
    }, icon(d));
  }

  /**
   * @param {Device|'speaker'} d
   * @param {(id: string) => void} choose
   */
  #select(d, choose) {
    const select = h('select', { id: `device-${d}`, onchange: () => choose(select.value) });
    return select;
  }

  #update() {
    const { mic, cam, starting } = this.#media;
    for (const d of /** @type {Device[]} */ (['mic', 'cam'])) {
      const on = this.#media.live(d);
      set(this.#toggles[d], 'aria-pressed', on);
      set(this.#toggles[d], 'aria-busy', starting && this.#media[d].on && !on);
      set(this.#toggles[d], 'title', t(`toolbar.${d}${on ? 'On' : 'Off'}`));
      setIcon(this.#toggles[d], on || (starting && this.#media[d].on) ? d : `${d}Off`);
      fillDevices(this.#selects[d], this.#media, d);
    }
    fillDevices(this.#selects.speaker, this.#media, 'speaker');
    this.#preview(cam.track);
    setText(this.#empty, starting && cam.on ? t('lobby.cameraStarting') : t('lobby.cameraOff'));
    this.#meter.listen(mic.on ? mic.track : null);
    this.#notice();
  }

  /** @param {MediaStreamTrack|null} track */
  #preview(track) {
    const shown = /** @type {MediaStream|null} */ (this.#video.srcObject)?.getVideoTracks()[0] ?? null;
    if (shown !== track) {
      this.#video.srcObject = track ? new MediaStream([track]) : null;
    }
    this.#video.hidden = !track;
    this.#empty.hidden = track !== null;
  }

  /** Says what does not work, and that one can join in spite of it. */
  #notice() {
    const { mic, cam } = this.#media;
    const codes = this.#media.starting ? [] : [...new Set([cam.error, mic.error].filter(Boolean))];
    if (codes.join() === this.#noticed) {
      return;
    }
    this.#noticed = codes.join();
    this.#notices.replaceChildren(...(codes.length > 0 ? [this.#card(codes)] : []));
  }

  /** @param {string[]} codes */
  #card(codes) {
    const url = `https://${location.host}${location.pathname}${location.search}`;
    const blocked = codes.filter((code) => code.endsWith('_denied')).map((code) => code.slice(0, 3));
    const without = blocked.length > 1 ? 'both' : blocked[0];
    const again = without || codes.some((code) => /_(busy|failed|lost)$/.test(code));
    return h('div', { class: 'notice' },
      icon('alert'),
      h('div', { class: 'notice-text' }, ...codes.map((code) => h('p', { 'data-code': code }, sentence(code, { url })))),
      again && h('div', { class: 'row' },
        h('button', { type: 'button', class: 'button', onclick: () => this.#media.retry() }, t('lobby.retry')),
        without && h('button', { type: 'button', class: 'button', onclick: (/** @type {Event} */ e) => this.#submit(e) },
          t(`lobby.without.${without}`))));
  }

  /** @param {string} message empty if the name is fine */
  #invalid(message) {
    set(this.#name, 'aria-invalid', message ? 'true' : null);
    set(this.#name, 'aria-describedby', message ? 'name-error' : null);
    setText(this.#nameError, message);
  }

  /** @param {Event} e */
  #submit(e) {
    e.preventDefault();
    const name = this.#name.value.trim();
    const long = new TextEncoder().encode(name).length > maxName;
    this.#invalid(name === '' ? t('lobby.nameMissing') : long ? t('lobby.nameLong') : '');
    if (name === '' || long) {
      this.#name.focus();
      return;
    }
    this.busy = true;
    this.#onJoin(name);
  }

  /** @param {boolean} busy while joining */
  set busy(busy) {
    this.#checking.stop();
    set(this.#join, 'aria-busy', busy);
    this.#join.disabled = busy;
    this.#label(busy);
  }

  #label(busy = false) {
    setText(this.#join, t(busy ? 'lobby.joining' : this.#asks ? 'lobby.ask' : 'lobby.join'));
  }

  /** Says that somebody has to let us in. */
  waiting() {
    setText(this.#join, t('lobby.waiting'));
  }

  close() {
    this.#off();
    this.#background.close();
    this.#here.close();
    this.#checking.stop();
    this.#meter.stop();
    this.#video.srcObject = null;
  }
}

/**
 * @param {string} id of the control
 * @param {string} label
 * @param {...Node} parts
 */
function field(id, label, ...parts) {
  return h('div', { class: 'field' }, h('label', { for: id }, label), ...parts);
}
