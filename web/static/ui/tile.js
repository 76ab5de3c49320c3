// @ts-check
import { h, set, setText } from './dom.js';
import { icon, setIcon } from './icons.js';
import { parts, t } from './i18n.js';
import { hue, initials } from './names.js';

/**
 * @typedef {object} TileView what a tile shows
 * @property {string} member
 * @property {'camera'|'screen'} source
 * @property {string} name of the member
 * @property {boolean} self
 * @property {MediaStream|null} stream null if there is no picture
 * @property {'live'|'paused'|'off'} track
 * @property {boolean} muted its sound
 * @property {boolean} speaking
 * @property {boolean} away the connection of the member is lost
 * @property {boolean|null} receive whether its video is wanted, null if there is none
 * @property {boolean|null} hear whether its sound is wanted, null if there is none
 */

/**
 * Tile shows one member's camera or screen: the picture, or initials where
 * there is none, with a name and badges on a scrim.
 */
export class Tile {
  #video = h('video', { autoplay: true, playsinline: true, tabindex: '-1' });
  #initials = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  #note = h('span', { class: 'tile-note' });
  #name = h('bdi', {});
  #muted = badge('muted', 'micOff');
  #speaking = badge('speaking', 'speaker');
  #away = badge('away', 'alert');
  #receive;
  #hear;
  /** Whether there should be a picture; it shows when its first frame is there. */
  #picture = false;
  element;

  /**
   * @param {TileView} v
   * @param {object} on
   * @param {() => void} on.receive the visitor wants its video, or no longer
   * @param {() => void} on.hear the visitor wants its sound, or no longer
   */
  constructor(v, on) {
    // Sound has elements of its own. Pictures must never be blocked by it.
    this.#video.muted = true;
    this.#video.disablePictureInPicture = true;
    this.#receive = action('eye', on.receive);
    this.#hear = action('speaker', on.hear);
    const caption = v.source === 'screen' ? 'call.screenOf' : v.self ? 'call.you' : 'call.them';
    this.element = h('li', {
      class: 'tile', 'data-member': v.member, 'data-source': v.source, 'data-self': v.self,
    },
    this.#video, this.#initials, this.#note,
    h('div', { class: 'tile-caption' }, this.#muted, this.#speaking, this.#away,
      h('span', { class: 'tile-name' }, ...parts(caption, { name: this.#name }))),
    h('div', { class: 'tile-actions' }, this.#hear, this.#receive));
    for (const event of ['loadeddata', 'emptied']) {
      this.#video.addEventListener(event, () => this.#reveal());
    }
    this.#initials.style.setProperty('--hue', String(hue(v.name)));
    this.update(v);
  }

  /** @param {TileView} v */
  update(v) {
    const label = v.source === 'screen' ? t('call.screenOf', { name: v.name }) : v.name;
    set(this.element, 'aria-label', label);
    set(this.element, 'data-track-state', v.track);
    this.element.classList.toggle('is-speaking', v.speaking && !v.muted);
    setText(this.#name, v.name);
    set(this.#name, 'title', v.name);
    setText(this.#initials, initials(v.name));
    setText(this.#note, v.receive === false ? t('tile.stopped') : v.track === 'paused' ? t('tile.paused') : '');
    this.#muted.hidden = !v.muted;
    this.#speaking.hidden = !v.speaking || v.muted;
    this.#away.hidden = !v.away;
    if (this.#video.srcObject !== v.stream) {
      this.#video.srcObject = v.stream;
    }
    this.#picture = v.stream !== null && v.track !== 'off' && v.receive !== false;
    this.#reveal();
    toggle(this.#receive, v.receive, t('tile.receive', { name: label }), v.receive ? 'eye' : 'eyeOff');
    toggle(this.#hear, v.hear, t('tile.hear', { name: label }), v.hear ? 'speaker' : 'speakerOff');
  }

  #reveal() {
    const shown = this.#picture && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.#video.classList.toggle('is-shown', shown);
    this.#initials.hidden = shown;
  }

  /** @returns {{w: number, h: number}|null} in pixels of the screen, null while it is not laid out */
  get size() {
    const { clientWidth, clientHeight } = this.element;
    const [w, h] = [clientWidth, clientHeight].map((n) => Math.round(n * devicePixelRatio));
    return w > 0 && h > 0 ? { w, h } : null;
  }

  remove() {
    this.#video.srcObject = null;
    this.element.remove();
  }
}

/**
 * @param {'muted'|'speaking'|'away'} what
 * @param {import('./icons.js').IconName} name
 */
function badge(what, name) {
  const el = h('span', { class: `badge badge-${what}`, role: 'img', 'aria-label': t(`tile.${what}`), title: t(`tile.${what}`) }, icon(name));
  el.hidden = true;
  return el;
}

/**
 * @param {import('./icons.js').IconName} name
 * @param {() => void} onclick
 */
function action(name, onclick) {
  return h('button', { type: 'button', class: 'tile-action', onclick }, icon(name));
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean|null} on null hides it
 * @param {string} label
 * @param {import('./icons.js').IconName} name
 */
function toggle(button, on, label, name) {
  button.hidden = on === null;
  set(button, 'aria-label', label);
  set(button, 'title', label);
  set(button, 'aria-pressed', on ?? false);
  setIcon(button, name);
}
