// @ts-check
import { h, set } from './dom.js';
import { t } from './i18n.js';
import { Tile } from './tile.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Publication} from '../lib/protocol.js' */
/** @import {Wish} from '../lib/types.js' */
/** @import {LocalMedia} from './media.js' */
/** @import {TileView} from './tile.js' */

/** Pictures that are asked for at most; further members show initials. */
const maxVideos = 25;
/** How long sizes have to stay the same before they are asked for, in milliseconds. */
const rest = 250;

/**
 * Grid shows everybody: the others in the order of joining, oneself last,
 * screens first and large. It asks for exactly the videos that it shows, in the
 * sizes in which it shows them.
 */
export class Grid {
  element = h('ul', { class: 'grid', role: 'list', 'aria-label': t('call.participants') });
  #room;
  #media;
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** What the visitor decided about publications. @type {Map<string, boolean>} */
  #choices = new Map();
  /** @type {MediaStream|null} */
  #mirror = null;
  #asked = '';
  /** What tiles there were when their sizes were taken. */
  #laidOut = '';
  /** By key. @type {Map<string, {w: number, h: number}|null>} */
  #sizes = new Map();
  #observer = new ResizeObserver(() => this.#resized());
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #resizing;
  #closed = new AbortController();

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   */
  constructor(room, media) {
    this.#room = room;
    this.#media = media;
    this.#watchScreen();
  }

  /** A window that moves to another screen has other pixels, though nothing else changes. */
  #watchScreen() {
    const screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    screen.addEventListener('change', () => {
      this.#resized();
      this.#watchScreen();
    }, { once: true, signal: this.#closed.signal });
  }

  update() {
    const views = this.#views();
    const keys = new Set(views.map(key));
    for (const [k, tile] of this.#tiles) {
      if (!keys.has(k)) {
        this.#observer.unobserve(tile.element);
        tile.remove();
        this.#tiles.delete(k);
      }
    }
    views.forEach((v, i) => {
      let tile = this.#tiles.get(key(v));
      if (tile) {
        tile.update(v);
      } else {
        tile = new Tile(v, {
          receive: () => this.#choose(v.member, v.source === 'screen' ? 'screen' : 'camera'),
          hear: () => this.#choose(v.member, v.source === 'screen' ? 'screen_audio' : 'microphone'),
        });
        this.#tiles.set(key(v), tile);
        this.#observer.observe(tile.element);
      }
      // Moving an element pauses its video, so only those out of order move.
      if (this.element.children[i] !== tile.element) {
        this.element.insertBefore(tile.element, this.element.children[i] ?? null);
      }
    });
    set(this.element, 'data-count', Math.min(views.length, 26));
    set(this.element, 'data-featured', views.some((v) => v.source === 'screen') ? 'true' : null);
    // To ask for sizes makes the browser lay the page out: only where they change.
    const laidOut = `${[...keys]} ${this.element.isConnected}`;
    if (laidOut !== this.#laidOut) {
      this.#laidOut = laidOut;
      this.#measure();
    }
    this.#subscribe();
  }

  #measure() {
    this.#sizes = new Map([...this.#tiles].map(([k, tile]) => [k, tile.size]));
  }

  /** Takes the new sizes when they have settled. */
  #resized() {
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => {
      this.#measure();
      this.#subscribe();
    }, rest);
  }

  /** @returns {TileView[]} */
  #views() {
    const self = this.#room.self;
    const others = this.#room.members.filter((m) => m.id !== self?.id);
    /** @type {TileView[]} */
    const screens = [];
    /** @type {TileView[]} */
    const cameras = [];
    for (const m of others) {
      const of = (/** @type {string} */ source) =>
        this.#room.publications.find((p) => p.member === m.id && p.source === source);
      const common = { member: m.id, name: m.name, self: false, away: m.state === 'reconnecting' };
      const screen = of('screen');
      if (screen) {
        screens.push({
          ...common, ...this.#picture(screen), source: 'screen', muted: false, speaking: false,
          hear: this.#wants(of('screen_audio')),
        });
      }
      const mic = of('microphone');
      cameras.push({
        ...common, ...this.#picture(of('camera')), source: 'camera',
        muted: !mic || mic.muted === true, speaking: this.#room.speakers.has(m.id), hear: this.#wants(mic),
      });
    }
    return self ? [...screens, ...cameras, this.#own(self.id, self.name)] : [...screens, ...cameras];
  }

  /**
   * @param {string} member
   * @param {string} name
   * @returns {TileView}
   */
  #own(member, name) {
    const { cam, mic } = this.#media;
    const shown = this.#mirror?.getVideoTracks()[0] ?? null;
    if (shown !== cam.track) {
      this.#mirror = cam.track ? new MediaStream([cam.track]) : null;
    }
    const muted = !mic.on || !mic.track;
    return {
      member, name, source: 'camera', self: true, stream: this.#mirror,
      track: this.#mirror ? 'live' : 'off', muted, speaking: this.#room.speakers.has(member),
      away: false, receive: null, hear: null,
    };
  }

  /**
   * @param {Publication|undefined} p
   * @returns {Pick<TileView, 'stream'|'track'|'receive'>}
   */
  #picture(p) {
    const slot = p && this.#room.slots.find((s) => s.publication === p.id);
    if (!p || p.muted || !slot) {
      return { stream: null, track: p && !p.muted ? 'paused' : 'off', receive: this.#wants(p) };
    }
    const track = slot.state === 'live' ? 'live' : 'paused';
    return { stream: slot.stream, track, receive: this.#wants(p) };
  }

  /**
   * @param {Publication|undefined} p
   * @returns {boolean|null}
   */
  #wants(p) {
    return p ? this.#choices.get(p.id) ?? true : null;
  }

  /**
   * The visitor wants a publication, or no longer.
   * @param {string} member
   * @param {string} source
   */
  #choose(member, source) {
    const p = this.#room.publications.find((p) => p.member === member && p.source === source);
    if (p) {
      this.#choices.set(p.id, !this.#wants(p));
      this.update();
    }
  }

  #subscribe() {
    if (!this.element.isConnected) {
      return; // nothing is shown yet
    }
    const all = this.#room.publications;
    for (const id of this.#choices.keys()) {
      if (!all.some((p) => p.id === id)) {
        this.#choices.delete(id);
      }
    }
    const video = all.filter((p) => p.kind === 'video');
    video.sort((a, b) => Number(b.source === 'screen') - Number(a.source === 'screen'));
    /** @type {[string, Wish][]} */
    const wanted = video.map((p, i) => [p.id, this.#wants(p) === true && i < maxVideos && (this.#sizes.get(key(p)) ?? true)]);
    for (const p of all) {
      const choice = this.#choices.get(p.id);
      if (p.kind === 'audio' && choice !== undefined) {
        wanted.push([p.id, choice]);
      }
    }
    const asked = JSON.stringify(wanted);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#room.subscribe(wanted);
    }
  }

  close() {
    this.#closed.abort();
    this.#observer.disconnect();
    clearTimeout(this.#resizing);
    this.#tiles.forEach((t) => t.remove());
    this.#tiles.clear();
  }
}

/** @param {{member: string, source: string}} v */
const key = (v) => `${v.member} ${v.source}`;
