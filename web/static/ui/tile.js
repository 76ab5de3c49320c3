// @ts-check
import { Badges, Why } from './badges.js';
import { adrift, h, set, setText } from './dom.js';
import { icon, setIcon } from './icons.js';
import { parts, t } from './i18n.js';
import { menu } from './menu.js';
import { initials } from './names.js';
/** @import {IconName} from './icons.js' */
/** @import {Place} from './layout.js' */
/** @import {MenuItem} from './menu.js' */

/**
 * @typedef {object} TileView what a tile shows
 * @property {string} key
 * @property {string} member
 * @property {'camera'|'screen'} source
 * @property {string} name of the member
 * @property {string} colour of the member
 * @property {boolean} self
 * @property {MediaStream|null} stream null if there is no picture
 * @property {'live'|'paused'|'off'} track
 * @property {string} why there is no picture: codes with spaces between, empty if there should be one
 * @property {boolean} muted its sound
 * @property {boolean} speaking
 * @property {boolean} away the connection of the member is lost
 * @property {boolean} hand is raised
 * @property {boolean} sharing its member shares a screen
 * @property {''|'good'|'fair'|'poor'|'lost'} quality of the connection, empty if unknown
 * @property {string} cause of a quality that is not good, a code
 * @property {boolean} pinned
 * @property {boolean} spotlit everybody is asked to look at it
 * @property {boolean|null} receive whether its video is wanted, null if there is none
 * @property {boolean|null} hear whether its sound is wanted, null if there is none
 * @property {number|null} volume of what is shared, 0 to 1; null if it has no sound
 */

/**
 * @typedef {object} TileActions what the visitor does with a tile
 * @property {() => void} receive its video is wanted, or no longer
 * @property {() => void} hear its sound is wanted, or no longer
 * @property {() => void} pin
 * @property {() => void} full it takes the whole screen, or no longer
 * @property {(volume: number) => void} volume
 * @property {() => (MenuItem|'separator')[]} more
 */

/**
 * Tile shows one member's camera or screen: the picture, or initials where
 * there is none, with a name and badges on a scrim. It stays the same element
 * wherever it stands, so that its picture goes on while it moves.
 */
export class Tile {
  #video = h('video', { autoplay: true, playsinline: true, tabindex: '-1' });
  #initials = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  #note = h('span', { class: 'tile-note' });
  #name = h('bdi', {});
  #caption = h('div', { class: 'tile-caption' });
  #badges = new Badges(this.#caption);
  #why = new Why();
  /** @type {HTMLInputElement|null} */
  #slider = null;
  #buttons;
  #on;
  /** @type {TileView} */
  #view;
  /** @type {Place|null} */
  #place = null;
  element;

  /**
   * @param {TileView} v
   * @param {TileActions} on
   */
  constructor(v, on) {
    this.#view = v;
    this.#on = on;
    // Sound has elements of its own. Pictures must never be blocked by it.
    this.#video.muted = true;
    this.#video.disablePictureInPicture = true;
    this.#buttons = {
      pin: action('pin', 'pin', on.pin), hear: action('hear', 'speaker', on.hear),
      receive: action('receive', 'eye', on.receive), more: action('more', 'more'),
    };
    menu(this.#buttons.more, on.more);
    const screen = v.source === 'screen';
    const caption = screen ? (v.self ? 'call.yourScreen' : 'call.screenOf') : v.self ? 'call.you' : 'call.them';
    this.#caption.append(h('span', { class: 'tile-name' }, ...parts(caption, { name: this.#name })));
    this.element = h('li', {
      class: 'tile', 'data-member': v.member, 'data-source': v.source, 'data-self': v.self,
      ondblclick: (/** @type {MouseEvent} */ e) => !(/** @type {Element} */ (e.target).closest('button, input')) && on.full(),
    },
    this.#video, this.#initials, this.#note, this.#caption, this.#why.element,
    h('div', { class: 'tile-actions' }, this.#buttons.pin, this.#buttons.hear, this.#buttons.receive, this.#buttons.more));
    for (const event of ['loadeddata', 'emptied']) {
      this.#video.addEventListener(event, () => this.#reveal());
    }
    this.#initials.style.setProperty('--colour', v.colour);
    this.#draw();
  }

  /** @param {TileView} v */
  update(v) {
    const old = this.#view;
    for (const field of /** @type {(keyof TileView)[]} */ (Object.keys(v))) {
      if (v[field] !== old[field]) {
        this.#view = v;
        this.#draw();
        return;
      }
    }
  }

  get #label() {
    const { source, self, name } = this.#view;
    return source === 'camera' ? name : t(self ? 'call.yourScreen' : 'call.screenOf', { name });
  }

  #draw() {
    const v = this.#view;
    const label = this.#label;
    set(this.element, 'aria-label', label);
    set(this.element, 'data-track-state', v.track);
    set(this.element, 'data-pinned', v.pinned ? 'true' : null);
    this.element.classList.toggle('is-speaking', v.speaking && !v.muted);
    setText(this.#name, v.name);
    set(this.#name, 'title', v.name);
    setText(this.#initials, initials(v.name));
    setText(this.#note, v.receive === false ? t('tile.stopped') : v.track === 'paused' ? t('tile.paused') : '');
    this.#badges.update(v);
    if (this.#video.srcObject !== v.stream) {
      this.#video.srcObject = v.stream;
    }
    toggle(this.#buttons.pin, v.pinned, t('tile.pin', { name: label }), 'pin');
    toggle(this.#buttons.receive, v.receive, t('tile.receive', { name: label }), v.receive ? 'eye' : 'eyeOff');
    toggle(this.#buttons.hear, v.hear, t('tile.hear', { name: label }), v.hear ? 'speaker' : 'speakerOff');
    set(this.#buttons.more, 'aria-label', t('tile.more', { name: label }));
    set(this.#buttons.more, 'title', t('tile.more', { name: label }));
    this.#volume(v.volume, label);
    this.#reveal();
  }

  /** @param {number|null} volume @param {string} label */
  #volume(volume, label) {
    if (volume === null) {
      this.#slider?.remove();
      this.#slider = null;
      return;
    }
    if (!this.#slider) {
      const slider = h('input', {
        type: 'range', class: 'tile-volume', min: 0, max: 100, step: 5,
        oninput: () => this.#on.volume(slider.valueAsNumber / 100),
      });
      this.#slider = slider;
      this.#buttons.pin.before(slider);
    }
    set(this.#slider, 'aria-label', t('tile.volume', { name: label }));
    set(this.#slider, 'title', t('tile.volume', { name: label }));
    this.#slider.value = String(Math.round(volume * 100));
  }

  /** Shows the picture when its first frame is there, and until then why it is not. */
  #reveal() {
    const v = this.#view;
    const wanted = v.stream !== null && v.track !== 'off' && v.receive !== false;
    const shown = wanted && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.#video.classList.toggle('is-shown', shown);
    this.#initials.hidden = shown;
    // There should be a picture, and no frame of it has been decoded.
    this.#why.update(v.why || (shown ? '' : 'key_frame'), v.name, this.#label);
    if (this.element.contains(document.activeElement) && adrift(this.element)) {
      this.#buttons.more.focus({ preventScroll: true });
    }
  }

  /** @param {Place} p */
  place(p) {
    const old = this.#place;
    const { style } = this.element;
    if (!old || old.w !== p.w || old.h !== p.h) {
      style.width = `${p.w}px`;
      style.height = `${p.h}px`;
    }
    if (!old || old.x !== p.x || old.y !== p.y) {
      style.transform = `translate(${p.x}px, ${p.y}px)`;
    }
    if (!old || old.main !== p.main) {
      set(this.element, 'data-main', p.main ? 'true' : null);
    }
    this.#place = p;
  }

  /** What is played now, to be played elsewhere as well. */
  get stream() {
    return this.#view.stream;
  }

  get view() {
    return this.#view;
  }

  remove() {
    this.#video.srcObject = null;
    this.element.remove();
  }
}

/**
 * @param {'pin'|'hear'|'receive'|'more'} what
 * @param {IconName} name
 * @param {() => void} [onclick]
 */
function action(what, name, onclick) {
  return h('button', { type: 'button', class: `tile-action is-${what}`, onclick }, icon(name));
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean|null} on null hides it
 * @param {string} label
 * @param {IconName} name
 */
function toggle(button, on, label, name) {
  button.hidden = on === null;
  set(button, 'aria-label', label);
  set(button, 'title', label);
  set(button, 'aria-pressed', on ?? false);
  setIcon(button, name);
}
