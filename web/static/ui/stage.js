// @ts-check
import { Asking } from './asking.js';
import { h, perFrame, set } from './dom.js';
import { Floor, Order } from './floor.js';
import { t } from './i18n.js';
import { layout, resolve } from './layout.js';
import { Pager } from './pager.js';
import { remember, recall } from './storage.js';
import { Tiles } from './tiles.js';
import { keyOf, Views } from './views.js';
/** @import {Room} from '../lib/room.js' */
/** @import {Controls} from './controls.js' */
/** @import {LocalMedia} from './media.js' */
/** @import {Mode, Plan, Scene} from './layout.js' */
/** @import {MenuItem} from './menu.js' */
/** @import {Size} from './sizes.js' */
/** @import {Sound} from './sound.js' */
/** @import {TileActions} from './tile.js' */

/** @type {Mode[]} */
export const modes = ['auto', 'grid', 'speaker', 'sidebar', 'presentation'];

/** Adds to the menu of a tile. @typedef {(key: string) => (MenuItem|'separator')[]} TileMenu */

/**
 * Stage shows the people and what they share, in the layout that the visitor
 * chose. It asks for exactly the videos that it shows, in the sizes in which it
 * shows them. However many events come, it draws once a frame, and touches what
 * has changed only.
 */
export class Stage {
  #tiles = new Tiles((key) => this.#actions(key));
  #empty = h('p', { class: 'stage-empty', hidden: true }, t('stage.empty'));
  #pager = new Pager((page) => this.#turn(page));
  element = h('div', { class: 'tiles-frame' }, this.#tiles.element, this.#empty, this.#pager.element);
  /** Those that are asked for the menu of a tile. @type {TileMenu[]} */
  menus = [];
  /** Called after each drawing. @type {(() => void)[]} */
  drawn = [];
  views;
  asking;
  #room;
  #frame = perFrame(() => this.draw());
  #floor = new Floor();
  /** The visitor's own voice, which moves nothing. */
  #own = new Floor();
  #order = new Order();
  /** @type {string|null} */
  #pinned = null;
  #page = 0;
  /** @type {Size} */
  #area = { w: 0, h: 0 };
  /** @type {Mode} */
  #mode = modes.find((m) => m === recall('layout', 'auto')) ?? 'auto';
  #hideSelf = recall('hideSelf', /** @type {unknown} */ (false)) === true;
  #hideSilent = recall('hideNoVideo', /** @type {unknown} */ (false)) === true;
  #main = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #later;
  #observer = new ResizeObserver(([e]) => this.#resized(e.contentRect));
  #closed = new AbortController();
  #off;

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   * @param {Controls} controls
   * @param {Sound} sound
   */
  constructor(room, media, controls, sound) {
    this.#room = room;
    this.views = new Views(room, media, controls, sound);
    this.asking = new Asking(room, this.views);
    this.#observer.observe(this.#tiles.element);
    this.element.addEventListener('keydown', (e) => this.#onKey(e));
    document.addEventListener('fullscreenchange', () => this.update(), { signal: this.#closed.signal });
    this.#off = [room.talk.on('quality', () => this.update()), room.on('info', () => this.update())];
    this.#watchScreen();
  }

  /** A window that moves to another screen has other pixels, though nothing else changes. */
  #watchScreen() {
    const screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    screen.addEventListener('change', () => {
      this.update();
      this.#watchScreen();
    }, { once: true, signal: this.#closed.signal });
  }

  /** Something changed: what is shown follows with the next frame. */
  update() {
    this.#frame.ask();
  }

  get mode() {
    return this.#mode;
  }

  set mode(mode) {
    this.#mode = mode;
    this.#page = 0;
    remember('layout', mode);
    this.update();
  }

  /** Whether the visitor's own tile is hidden. */
  get hideSelf() {
    return this.#hideSelf;
  }

  set hideSelf(yes) {
    this.#hideSelf = yes;
    remember('hideSelf', yes);
    this.update();
  }

  /** Whether the tiles of those who send no picture are hidden. */
  get hideNoVideo() {
    return this.#hideSilent;
  }

  set hideNoVideo(yes) {
    this.#hideSilent = yes;
    remember('hideNoVideo', yes);
    this.update();
  }

  /** Key of the tile that the others would look at: the main one, or who has the floor. */
  get focus() {
    return this.#main || this.#floor.speaker || this.views.cameras[0] || this.views.own || '';
  }

  /** @param {string} key @returns {import('./tile.js').Tile|undefined} if it is shown */
  tile(key) {
    return this.#tiles.get(key);
  }

  /** @param {string} key */
  pin(key) {
    this.#pinned = this.#pinned === key ? null : key;
    this.#page = 0;
    this.update();
  }

  /** @param {string} key */
  isPinned(key) {
    return this.#pinned === key;
  }

  /** @param {DOMRectReadOnly} r */
  #resized({ width, height }) {
    const [w, h] = [Math.floor(width), Math.floor(height)];
    if (w !== this.#area.w || h !== this.#area.h) {
      this.#area = { w, h };
      this.draw(); // the observer is called once a frame, after layout
    }
  }

  /** @param {number} page */
  #turn(page) {
    this.#page = page;
    this.update();
  }

  /** @param {KeyboardEvent} e */
  #onKey(e) {
    const step = { PageDown: 1, PageUp: -1 }[e.key];
    if (step && this.#pager.pages > 1 && !e.defaultPrevented) {
      e.preventDefault();
      this.#turn(Math.max(0, this.#page + step));
    }
  }

  /** Shows the state of the room as it is now. */
  draw() {
    this.#frame.cancel();
    if (!this.element.isConnected || this.#area.w === 0) {
      return; // nothing is shown
    }
    const { views } = this;
    views.take();
    const now = performance.now();
    const wait = this.#listen(now);
    const plan = this.#plan(now);
    this.#page = plan.page;
    this.#main = plan.places.find((p) => p.main)?.key ?? '';
    this.#show(plan, now);
    set(this.element, 'data-layout', plan.shape);
    this.#empty.hidden = plan.places.length > 0 || views.cameras.length === 0;
    this.#pager.update(plan.page, plan.pages);
    this.asking.show(plan, this.#tiles.keyOf(document.fullscreenElement));
    this.drawn.forEach((f) => f());
    clearTimeout(this.#later);
    if (wait < Infinity) {
      this.#later = setTimeout(() => this.update(), wait);
    }
  }

  /** @param {number} now @returns {number} milliseconds until to look again */
  #listen(now) {
    const own = this.#room.self?.id;
    const speaking = [...this.#room.speakers].map((m) => keyOf(m, 'camera'));
    const others = own ? speaking.filter((k) => k !== keyOf(own, 'camera')) : speaking;
    this.#floor.sweep((k) => this.views.has(k));
    const waits = [this.#own.update(speaking.filter((k) => !others.includes(k)), now), this.#floor.update(others, now)];
    return Math.min(...waits.map((ms) => ms || Infinity));
  }

  /** @param {number} now @returns {Plan} */
  #plan(now) {
    const { views } = this;
    if (this.#pinned && !views.has(this.#pinned)) {
      this.#pinned = null;
    }
    const spot = this.spotlight;
    const cameras = this.#hideSilent ? views.cameras.filter((k) => views.pictured(k) || k === this.#pinned) : views.cameras;
    const speaker = cameras.includes(this.#floor.speaker) ? this.#floor.speaker : cameras[0] ?? views.own;
    const { shape, main } = resolve(this.#mode, {
      pinned: this.#pinned, spotlight: spot && views.has(spot) ? spot : null, screen: views.screens.at(-1) ?? null, speaker,
    });
    const screens = [...views.screens, ...(views.ownScreen ? [views.ownScreen] : [])].filter((k) => k !== main);
    const own = views.own && views.own !== main && !this.#hideSelf ? [views.own] : [];
    /** @type {Scene} */
    const scene = {
      ...this.#area, shape, main, whole: main?.endsWith(' screen'), page: this.#page, rtl: document.documentElement.dir === 'rtl',
      keys: [...screens, ...cameras.filter((k) => k !== main), ...own],
    };
    const { each } = layout(scene);
    const before = Math.max(1, each - screens.length - own.length);
    const all = this.#order.next(cameras, before + Number(main !== null && cameras.includes(main)), this.#floor, now);
    const ordered = all.filter((k) => k !== main);
    // One's own tile is the last one of the first page.
    scene.keys = [...screens, ...ordered.slice(0, before), ...own, ...ordered.slice(before)];
    return layout(scene);
  }

  /** Key of the tile that everybody is asked to look at, null if there is none. */
  get spotlight() {
    const id = this.#room.info?.spotlight;
    return id ? this.views.keyOfPublication(id) : null;
  }

  /** @param {Plan} plan @param {number} now */
  #show(plan, now) {
    const spot = this.spotlight;
    this.#tiles.show(plan.places, (key) => this.views.view(key, {
      pinned: key === this.#pinned, spotlit: key === spot,
      speaking: key.endsWith(' camera') && (this.#floor.speaks(key, now) || this.#own.speaks(key, now)),
    }));
  }

  /** @param {string} key @returns {TileActions} */
  #actions(key) {
    const [member, source] = key.split(' ');
    const screen = source === 'screen';
    const choose = (/** @type {string} */ of) => {
      this.views.choose(member, of);
      this.update();
    };
    return {
      receive: () => choose(source),
      hear: () => choose(screen ? 'screen_audio' : 'microphone'),
      pin: () => this.pin(key),
      full: () => this.full(key),
      volume: (v) => this.views.setVolume(member, v),
      more: () => this.menus.flatMap((m) => m(key)),
    };
  }

  /**
   * A tile takes the whole screen, or gives it back.
   * @param {string} key
   */
  full(key) {
    if (document.fullscreenElement) {
      document.exitFullscreen().catch(() => {});
    } else {
      this.#tiles.get(key)?.element.requestFullscreen?.().catch(() => {});
    }
  }

  close() {
    this.#closed.abort();
    this.#off.forEach((off) => off());
    this.#observer.disconnect();
    this.#frame.cancel();
    this.asking.stop();
    clearTimeout(this.#later);
    this.#tiles.clear();
  }
}
