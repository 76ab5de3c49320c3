// @ts-check
import { Backups } from './backups.js';
import { Demand } from './demand.js';
import { RoomError } from './errors.js';
/** @import {LocalPublication} from './connection.js' */
/** @import {Session} from './session.js' */
/** @import {LayersEvent, Source} from './protocol.js' */

/** Refusals that the next join or resume makes good. */
const passing = ['offline', 'not_joined', 'timeout'];
/**
 * How long what the others want is believed without a connection, in
 * milliseconds. After that everything is sent, because somebody may have come.
 */
const believed = 2000;
/** Publications that demand is kept for, those that are not known yet included. */
const keptDemands = 64;

/**
 * Publisher keeps what we publish, one track per source, and tells the server
 * of it. What is published outlives connections: each join offers all of it, and
 * a resume brings the server up to date.
 */
export class Publisher {
  /** @type {Map<Source, LocalPublication>} */
  #locals;
  /** @type {Session} */
  #session;
  /** @type {Backups} */
  #backups;
  /** The newest word about each publication and codec, the oldest first. @type {Map<string, LayersEvent>} */
  #demands = new Map();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #doubt;

  /**
   * @param {Map<Source, LocalPublication>} locals shared with the session
   * @param {Session} session
   */
  constructor(locals, session) {
    this.#locals = locals;
    this.#session = session;
    this.#backups = new Backups(session);
    session.on('answered', () => {
      this.#meet();
      this.#tell();
    });
    session.signal.on('layers', (/** @type {LayersEvent} */ e) => this.#demanded(e));
    session.signal.on('down', () => this.#lose());
    session.on('left', () => clearTimeout(this.#doubt));
  }

  /** @returns {LocalPublication[]} */
  get list() {
    return [...this.#locals.values()];
  }

  get #joined() {
    return this.#session.state === 'joined';
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {Source} source
   * @param {{muted?: boolean}} o
   * @returns {Promise<LocalPublication>} settled when it is negotiated; what
   *   the server refuses is forgotten
   */
  async publish(track, source, o) {
    if (this.#session.state === 'left') {
      throw new RoomError('closed', 'publish: the room was left');
    }
    if (this.#locals.has(source)) {
      await this.unpublish(source);
    }
    /** @type {LocalPublication} */
    const local = {
      source,
      track,
      kind: track.kind === 'audio' ? 'audio' : 'video',
      muted: o.muted ?? false,
      demand: new Demand(),
    };
    this.#locals.set(source, local);
    const c = this.#session.connection;
    if (!this.#joined || !c) {
      return local;
    }
    c.attach(local);
    try {
      await c.negotiate();
    } catch (err) {
      // Another connection than that of the present room has it to offer.
      const again = c !== this.#session.connection || (err instanceof RoomError && passing.includes(err.code));
      if (!again) {
        this.#forget(local);
        throw err;
      }
    }
    return local;
  }

  /** @param {LocalPublication} local */
  #forget(local) {
    if (this.#locals.get(local.source) === local) {
      this.#locals.delete(local.source);
    }
    this.#backups.end(local);
    this.#session.connection?.detach(local);
  }

  /** @param {Source} source */
  async unpublish(source) {
    const local = this.#locals.get(source);
    const id = local?.id;
    if (!local) {
      return;
    }
    this.#forget(local);
    if (id && this.#joined) {
      await this.#session.request('unpublish', { publication: id });
    }
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack|null} track
   */
  async replace(source, track) {
    const local = this.#locals.get(source);
    if (local) {
      local.track = track;
      await local.transceiver?.sender.replaceTrack(track);
      local.demand.apply();
      await this.#backups.replace(local, track);
    }
  }

  /**
   * @param {Source} source
   * @param {boolean} muted
   */
  async mute(source, muted) {
    const local = this.#locals.get(source);
    if (!local) {
      return;
    }
    local.muted = muted;
    if (local.track) {
      local.track.enabled = !muted;
    }
    if (local.id && this.#joined) {
      local.told = muted;
      try {
        await this.#session.request('mute', { publication: local.id, muted });
      } catch (err) {
        local.told = undefined; // nobody knows
        if (!(err instanceof RoomError && err.code === 'publication_not_found')) {
          throw err;
        } // else it has just ended, or is about to get another name
      }
    }
  }

  /**
   * Takes note that a moderator muted what we publish.
   * @param {string} id
   * @returns {Source|undefined}
   */
  muted(id) {
    const local = this.#find(id);
    if (local) {
      local.muted = local.told = true;
      if (local.track) {
        local.track.enabled = false;
      }
    }
    return local?.source;
  }

  /**
   * @param {string} id of a publication
   * @returns {Source|undefined} what we publish as that
   */
  source(id) {
    return this.#find(id)?.source;
  }

  /** @param {string} id */
  #find(id) {
    return this.list.find((l) => l.id === id);
  }

  /**
   * Takes what anybody wants of a publication. The word may come before the
   * answer that says which one it is.
   * @param {LayersEvent} e
   */
  #demanded(e) {
    if (typeof e.publication !== 'string' || !Array.isArray(e.active)) {
      return;
    }
    const key = `${e.publication} ${e.codec ?? ''}`;
    this.#demands.delete(key);
    this.#demands.set(key, e);
    for (const [oldest] of this.#demands) {
      if (this.#demands.size > keptDemands) {
        this.#demands.delete(oldest);
      }
    }
    const other = this.list.find((l) => l.id === e.publication && !l.demand.encodes(e.codec));
    if (other) {
      this.#backups.demanded(other, e);
    }
    this.#meet();
  }

  /** Brings what is encoded in line with what is wanted. */
  #meet() {
    const words = [...this.#demands.values()];
    for (const l of this.list.filter((l) => l.id)) {
      l.demand.want(words.findLast((e) => e.publication === l.id && l.demand.encodes(e.codec)));
    }
  }

  /** Words may be missed from here on; the server repeats them after a resume. */
  #lose() {
    const old = new Set(this.#demands.values());
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(() => {
      for (const [key, e] of this.#demands) {
        if (old.has(e)) {
          this.#demands.delete(key);
        }
      }
      this.#meet();
    }, believed);
  }

  /**
   * Does what was asked for while there was no connection.
   * @param {string[]} published what the server believes we publish
   */
  catchUp(published) {
    for (const publication of published.filter((id) => !this.list.some((l) => l.id === id))) {
      this.#session.request('unpublish', { publication }).catch(() => {});
    }
    const c = this.#session.connection;
    const late = this.list.filter((l) => c && !c.sends(l));
    late.forEach((l) => c?.attach(l));
    if (late.length > 0) {
      c?.negotiate().catch(() => {});
    }
    this.#tell();
  }

  /** Mutes at the server what was muted while it could not be told, and the other way round. */
  #tell() {
    for (const l of this.list.filter((l) => l.id && l.told !== l.muted)) {
      this.mute(l.source, l.muted).catch(() => {});
    }
  }
}
