// @ts-check
import { t } from './i18n.js';
import { initials } from './names.js';
/** @import {Stage} from './stage.js' */

/** Size of the floating window, in pixels. */
const small = { width: 400, height: 225 };

/**
 * Popout shows the picture of one tile in a window of its own. The tile stays on
 * the stage; when that page is turned, the picture goes on here.
 */
export class Popout {
  /** The window was closed. */
  onclose = () => {};
  #window;
  #key;
  #stage;
  #video;
  #name;
  #initials;
  /** What is shown now. */
  #shown = '';

  /**
   * @param {Window} opened of this origin, and empty
   * @param {() => string} key of the tile to show, asked at each update
   * @param {Stage} stage
   */
  constructor(opened, key, stage) {
    this.#window = opened;
    this.#key = key;
    this.#stage = stage;
    const { document: d } = opened;
    for (const { href } of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="stylesheet"]'))) {
      d.head.append(Object.assign(d.createElement('link'), { rel: 'stylesheet', href }));
    }
    const { lang, dir } = document.documentElement;
    Object.assign(d.documentElement, { lang, dir });
    this.#video = Object.assign(d.createElement('video'), { autoplay: true, muted: true, playsInline: true });
    this.#name = Object.assign(d.createElement('p'), { className: 'popout-name' });
    this.#initials = Object.assign(d.createElement('span'), { className: 'avatar' });
    d.body.className = 'popout';
    d.body.append(this.#initials, this.#video, this.#name);
    opened.addEventListener('pagehide', () => this.#closed());
    opened.addEventListener('resize', () => stage.update());
    this.update();
  }

  /** Follows what the stage has drawn. */
  update() {
    const key = this.#key();
    const { views, asking } = this.#stage;
    if (key !== this.#shown) {
      asking.elsewhere.delete(this.#shown);
      this.#shown = key;
    }
    if (!key || !views.has(key)) {
      this.#video.srcObject = null;
      this.#name.textContent = t('layout.gone');
      return;
    }
    const { innerWidth: w, innerHeight: h, devicePixelRatio: dpr } = this.#window;
    const size = { w: Math.round(w * dpr), h: Math.round(h * dpr) };
    const before = asking.elsewhere.get(key);
    if (size.w > 0 && (before?.w !== size.w || before?.h !== size.h)) {
      asking.elsewhere.set(key, size);
      this.#stage.update();
    }
    const { stream, track, name, colour, source, self } = views.view(key, { pinned: false, spotlit: false, speaking: false });
    const shown = track === 'off' ? null : stream;
    if (this.#video.srcObject !== shown) {
      this.#video.srcObject = shown;
    }
    this.#video.hidden = shown === null;
    this.#video.className = source === 'screen' ? 'is-whole' : self ? 'mirror' : '';
    this.#initials.textContent = initials(name);
    this.#initials.style.setProperty('--colour', colour);
    this.#name.textContent = source === 'screen' ? t(self ? 'call.yourScreen' : 'call.screenOf', { name }) : name;
    this.#window.document.title = this.#name.textContent;
  }

  #closed() {
    this.#stage.asking.elsewhere.delete(this.#shown);
    this.#video.srcObject = null;
    this.onclose();
  }

  close() {
    this.#window.close();
  }
}

/**
 * A small window above all others, by the document's picture-in-picture where
 * the browser has it, else by that of a video.
 * @param {() => string} key
 * @param {Stage} stage
 * @returns {Promise<Popout|null>} null if that of a video would have nothing to show
 */
export async function floating(key, stage) {
  const api = /** @type {any} */ (window).documentPictureInPicture;
  if (api) {
    return new Popout(await api.requestWindow(small), key, stage);
  }
  return /** @type {any} */ (floatVideo(key, stage));
}

/**
 * Who has no picture leaves the place to another.
 * @param {() => string} key
 * @param {Stage} stage
 */
async function floatVideo(key, stage) {
  const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, playsInline: true, className: 'popout-video' });
  const made = {
    onclose: () => {},
    update() {
      const keys = [key(), ...stage.views.pictures.map(([k]) => k)];
      const stream = keys.map((k) => stage.tile(k)?.stream).find(Boolean);
      if (stream && video.srcObject !== stream) {
        video.srcObject = stream; // without a picture the last one stays
      }
    },
    close: () => document.exitPictureInPicture().catch(() => {}),
  };
  made.update();
  if (!video.srcObject) {
    return null;
  }
  stage.element.append(video); // some browsers play nothing that is not in the document
  video.addEventListener('leavepictureinpicture', () => {
    video.srcObject = null;
    video.remove();
    made.onclose();
  });
  try {
    await video.play();
    await video.requestPictureInPicture();
  } catch (err) {
    video.remove();
    throw err;
  }
  return made;
}
