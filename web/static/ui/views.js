// @ts-check
import { Colours } from './colours.js';
import { decodes, reasons } from './why.js';
/** @import {Room} from '../lib/room.js' */
/** @import {SlotPlace} from '../lib/slots.js' */
/** @import {Member, Publication} from '../lib/protocol.js' */
/** @import {Controls} from './controls.js' */
/** @import {LocalMedia} from './media.js' */
/** @import {Sound} from './sound.js' */
/** @import {TileView} from './tile.js' */

/** Words for the marks that the server gives a connection. */
const marks = /** @type {const} */ (['lost', 'poor', 'fair', 'good']);

/**
 * Names a tile.
 * @param {string} member
 * @param {string} source
 */
export const keyOf = (member, source) => `${member} ${source}`;

/**
 * Views turns the state of the room into what tiles show. It reads the room
 * once an update, and looks up instead of searching.
 */
export class Views {
  /** Tiles of the others' cameras, in the order of joining. @type {string[]} */
  cameras = [];
  /** Tiles of the others' screens, the newest last. @type {string[]} */
  screens = [];
  /** The visitor's own tile, null before the join. @type {string|null} */
  own = null;
  /** The tile of what the visitor shares. @type {string|null} */
  ownScreen = null;
  /** What the visitor decided about publications, by id. @type {Map<string, boolean>} */
  #choices = new Map();
  /** By key. @type {Map<string, Publication>} */
  #published = new Map();
  /** By publication. @type {Map<string, SlotPlace>} */
  #slots = new Map();
  /** @type {Map<string, Member>} */
  #members = new Map();
  #colours = new Colours();
  #room;
  #media;
  #controls;
  #sound;
  /** @type {Record<'camera'|'screen', MediaStream|null>} */
  #mirrors = { camera: null, screen: null };

  /**
   * @param {Room} room
   * @param {LocalMedia} media
   * @param {Controls} controls
   * @param {Sound} sound
   */
  constructor(room, media, controls, sound) {
    this.#room = room;
    this.#media = media;
    this.#controls = controls;
    this.#sound = sound;
  }

  /** Takes the state of the room as it is now. */
  take() {
    const { self, members, publications, slots } = this.#room;
    this.#members = new Map(members.map((m) => [m.id, m]));
    this.#colours.take([...this.#members.keys()]);
    this.#published = new Map(publications.map((p) => [keyOf(p.member, p.source), p]));
    this.#slots = new Map();
    for (const s of slots) {
      if (s.publication !== null) {
        this.#slots.set(s.publication, s);
      }
    }
    this.cameras = members.filter((m) => m.id !== self?.id).map((m) => keyOf(m.id, 'camera'));
    this.screens = publications.filter((p) => p.source === 'screen').map((p) => keyOf(p.member, 'screen'));
    this.own = self && keyOf(self.id, 'camera');
    this.ownScreen = self && this.#controls.screen ? keyOf(self.id, 'screen') : null;
    for (const id of this.#choices.keys()) {
      if (!publications.some((p) => p.id === id)) {
        this.#choices.delete(id);
      }
    }
  }

  /** @param {string} member @returns {string} its colour */
  colour(member) {
    return this.#colours.of(member);
  }

  /** @param {string} key @returns {boolean} whether there is such a tile */
  has(key) {
    return key === this.own || key === this.ownScreen || (key.endsWith(' camera') ? this.#members.has(key.slice(0, -7)) : this.#published.has(key));
  }

  /** @param {string} key @returns {boolean} whether its owner sends a picture */
  pictured(key) {
    const p = this.#published.get(key);
    return p !== undefined && !p.muted;
  }

  /** @param {string} id of a publication, one's own included @returns {string|null} */
  keyOfPublication(id) {
    const local = this.#room.locals.find((l) => l.id === id);
    const p = [...this.#published.values()].find((p) => p.id === id);
    const source = local?.source ?? p?.source;
    const member = local ? this.#room.self?.id : p?.member;
    return member && source ? keyOf(member, source.startsWith('screen') ? 'screen' : 'camera') : null;
  }

  /**
   * @param {string} key
   * @returns {string|undefined} id of the publication whose picture it is
   */
  idOf(key) {
    const [member, source] = key.split(' ');
    const own = member === this.#room.self?.id;
    return own ? this.#room.locals.find((l) => l.source === source)?.id : this.#published.get(key)?.id;
  }

  /**
   * @param {string} key
   * @param {{pinned: boolean, spotlit: boolean, speaking: boolean}} stands how it stands on the stage
   * @returns {TileView}
   */
  view(key, stands) {
    const [id, source] = /** @type {[string, 'camera'|'screen']} */ (key.split(' '));
    if (id === this.#room.self?.id) {
      return this.#ownView(key, source, stands);
    }
    const member = this.#members.get(id);
    const sound = this.#published.get(keyOf(id, source === 'screen' ? 'screen_audio' : 'microphone'));
    const camera = source === 'camera';
    return {
      key, member: id, name: member?.name ?? '', colour: this.colour(id), source, self: false, ...stands,
      ...this.#picture(this.#published.get(key), member?.state === 'reconnecting'),
      muted: camera && (!sound || sound.muted === true), away: member?.state === 'reconnecting', hear: this.wants(sound),
      hand: camera && Boolean(member?.hand), sharing: camera && this.#published.has(keyOf(id, 'screen')),
      ...(camera ? this.#quality(id) : { quality: '', cause: '' }),
      volume: !camera && sound ? this.#sound.volume(sound.id) : null,
    };
  }

  /**
   * @param {string} key
   * @param {'camera'|'screen'} source
   * @param {{pinned: boolean, spotlit: boolean, speaking: boolean}} stands
   * @returns {TileView}
   */
  #ownView(key, source, stands) {
    const { self } = this.#room;
    const { cam, mic } = this.#media;
    const camera = source === 'camera';
    const stream = this.#mirror(source, camera ? cam.track : this.#controls.screen?.getVideoTracks()[0] ?? null);
    return {
      key, member: self?.id ?? '', name: self?.name ?? '', colour: this.colour(self?.id ?? ''), source, self: true, ...stands, stream,
      track: stream ? 'live' : 'off', why: stream ? '' : cam.error || 'own_off',
      muted: camera && (!mic.on || !mic.track), away: false, receive: null, hear: null, volume: null,
      hand: camera && Boolean(self && this.#members.get(self.id)?.hand), sharing: camera && this.#controls.sharing,
      ...(camera && self ? this.#quality(self.id) : { quality: '', cause: '' }),
    };
  }

  /**
   * @param {'camera'|'screen'} source
   * @param {MediaStreamTrack|null} track
   * @returns {MediaStream|null} the same one as long as the track is the same
   */
  #mirror(source, track) {
    if ((this.#mirrors[source]?.getVideoTracks()[0] ?? null) !== track) {
      this.#mirrors[source] = track && new MediaStream([track]);
    }
    return this.#mirrors[source];
  }

  /** @param {string} member @returns {Pick<TileView, 'quality'|'cause'>} */
  #quality(member) {
    const { q, why = '' } = this.#room.talk.quality(member);
    return { quality: marks[q] ?? '', cause: why };
  }

  /**
   * @param {Publication|undefined} p
   * @param {boolean} away
   * @returns {Pick<TileView, 'stream'|'track'|'receive'|'why'>}
   */
  #picture(p, away) {
    const slot = p && this.#slots.get(p.id);
    const receive = this.wants(p);
    const why = reasons({
      away, there: p !== undefined, muted: p?.muted, wanted: receive ?? true, decodes: !p || decodes(p.codec), slot,
    }).join(' ');
    if (!p || p.muted || !slot) {
      return { stream: null, track: p && !p.muted ? 'paused' : 'off', receive, why };
    }
    return { stream: slot.stream, track: slot.state === 'live' ? 'live' : 'paused', receive, why };
  }

  /**
   * @param {Publication|undefined} p
   * @returns {boolean|null} whether the visitor wants it, null if it is not there
   */
  wants(p) {
    return p ? this.#choices.get(p.id) ?? true : null;
  }

  /**
   * The visitor wants a publication, or no longer.
   * @param {string} member
   * @param {string} source
   */
  choose(member, source) {
    const p = this.#published.get(keyOf(member, source));
    if (p) {
      this.#choices.set(p.id, !this.wants(p));
    }
  }

  /**
   * Sets how loud what a member shares is played here.
   * @param {string} member
   * @param {number} volume 0 to 1
   */
  setVolume(member, volume) {
    const p = this.#published.get(keyOf(member, 'screen_audio'));
    if (p) {
      this.#sound.setVolume(p.id, volume);
    }
  }

  /** @returns {[string, boolean][]} sounds that the visitor decided about */
  get sounds() {
    return [...this.#published.values()].filter((p) => p.kind === 'audio' && this.#choices.has(p.id))
      .map((p) => [p.id, this.wants(p) === true]);
  }

  /** @returns {[string, Publication][]} pictures of the others by key, screens first */
  get pictures() {
    const all = [...this.#published].filter(([, p]) => p.kind === 'video');
    return all.sort(([, a], [, b]) => Number(b.source === 'screen') - Number(a.source === 'screen'));
  }
}
