// @ts-check
import { Chat } from './chat.js';
import { Emitter } from './emitter.js';
import { RoomError } from './errors.js';
import { fileURL, upload } from './files.js';
import { Follower } from './follower.js';
import { Hosting } from './hosting.js';
import { Moves } from './moves.js';
import { Parcels } from './parcels.js';
import { Publisher } from './publisher.js';
import { Session } from './session.js';
import { Talk } from './talk.js';
import { Watcher } from './watcher.js';
/** @import {LocalPublication} from './connection.js' */
/** @import {FileOptions} from './files.js' */
/** @import {Parcel, ParcelOptions} from './parcels.js' */
/** @import {JoinAck, Member, MoveEvent, Publication, Rights, Room as RoomInfo, Source} from './protocol.js' */
/** @import {JoinOptions, Line, SessionOptions, SessionState, Transport, Wish} from './types.js' */

/**
 * Room is a meeting as one member sees it. It never touches the DOM.
 *
 * ```js
 * const room = new Room();
 * room.on('slots', () => draw(room.slots));
 * await room.publish(track, 'microphone'); // before the join or after
 * await room.join({ room: 'blue-fox-42', name: 'Ana' });
 * room.subscribe(room.publications.map((p) => [p.id, true]));
 * ```
 *
 * A room is joined once. A lost socket ends nothing: media goes on, and the room is
 * resumed. After `left` a new Room may join.
 *
 * Events: `state`, `roster` (members or publications changed), `info` (the room
 * itself: locked, lobby, recording, spotlight), `slots`, `speakers`, `line` (of
 * the chat), `media` (state of the connection), `transport` (the events are carried
 * by another one; a later room does well to try it first), `data` (from another
 * member), `muted` (a moderator did, with the source), `asked` (to unmute it),
 * `move` (a moderator sends us to another room, and we go), `moved` (we are there;
 * its name), `left` (why; null for our own leave).
 *
 * @extends {Emitter<{move: MoveEvent, moved: string, muted: Source, asked: Source, state: SessionState, roster: void, info: RoomInfo, slots: void, speakers: void, line: Line, media: RTCPeerConnectionState, transport: Transport, data: Parcel, left: RoomError|null}>}
 */
export class Room extends Emitter {
  /** Of the room that we are in, or are joining. */
  name = '';
  /** Ourselves; null before the join. @type {Member|null} */
  self = null;
  /** What we may do; what is missing we may not. It changes with `roster`. @type {Rights} */
  can = {};
  /** Optional parts of the protocol that the server knows. @type {string[]} */
  caps = [];
  /** What the server takes at most: `file` in bytes, `text` in characters. @type {Partial<JoinAck['limits']>} */
  limits = {};
  /** Ids of the members who speak now. @type {Set<string>} */
  speakers = new Set();
  /** Its lines, and messages to one alone. @type {Chat} */
  chat;
  /** What moderators do, and who waits to be let in. @type {Hosting} */
  hosting;
  /** Hands, reactions, captions, polls, and how good connections are. @type {Talk} */
  talk;

  /** @type {Parcels} */
  #parcels;
  /** @type {Follower} */
  #follower;
  /** @type {Publisher} */
  #publisher;
  /** @type {Session} */
  #session;
  /** @type {Watcher} */
  #watcher;
  /** @type {Moves} */
  #moves;
  /** Of the server; empty for the page's origin. */
  #url;

  /** @param {SessionOptions} [o] */
  constructor(o = {}) {
    super();
    /** @type {Map<Source, LocalPublication>} */
    const locals = new Map();
    const s = new Session(locals, o);
    this.#session = s;
    this.#url = o.url ?? '';
    this.#publisher = new Publisher(locals, s);
    this.#follower = new Follower(s);
    this.hosting = new Hosting(s);
    this.talk = new Talk(s);
    const request = (/** @type {string} */ name, /** @type {object} */ arg) => s.request(name, arg);
    this.chat = new Chat(request, (line) => this.emit('line', line), (a) => fileURL(this.#url, this.name, a));
    this.#moves = new Moves(s, this.chat);
    this.#parcels = new Parcels(s);
    this.#parcels.on('data', (parcel) => this.emit('data', parcel));
    this.#watcher = new Watcher(s, this.#roster);
    this.#watcher.on('slots', () => this.emit('slots', undefined));
    s.on('state', (state) => this.emit('state', state));
    s.on('entered', (ack) => this.#entered(ack));
    s.on('ready', () => this.#catchUp());
    s.on('media', (state) => this.emit('media', state));
    s.on('left', (why) => (this.chat.close(), this.emit('left', why)));
    s.signal.on('transport', (transport) => this.emit('transport', transport));
    this.#follower.on('roster', () => this.#rosterChanged());
    this.#follower.on('info', (info) => this.emit('info', info));
    this.#follower.on('whole', (ack) => (this.#watcher.label(ack.slots), this.talk.reset(ack)));
    s.signal.on('speakers', (e) => {
      this.speakers = new Set((e.list ?? []).map((/** @type {{member: string}} */ m) => m.member));
      this.emit('speakers', undefined);
    });
    s.signal.on('grant', (e) => {
      this.self = this.self && { ...this.self, role: e.role };
      this.can = e.can ?? {};
      this.emit('roster', undefined);
    });
    s.signal.on('muted', (e) => this.#say('muted', this.#publisher.muted(e.publication)));
    s.signal.on('ask_unmute', (e) => this.#say('asked', this.#publisher.source(e.publication)));
    s.signal.on('move', (/** @type {MoveEvent} */ e) => {
      this.emit('move', e);
      this.follow(e).catch(() => {}); // refused: we stay where we are
    });
    s.signal.on('new_message', (m) => this.chat.receive(m, this.#sender(m)));
  }

  /**
   * @param {'muted'|'asked'} what
   * @param {Source} [source] none for what we do not publish any more
   */
  #say(what, source) {
    if (source) {
      this.emit(what, source);
    }
  }

  /** `waiting` is for a moderator, who has to let us in. @returns {SessionState} */
  get state() {
    return this.#session.state;
  }

  /** What a join after a reload gives as `resume`; null before the join. */
  get seat() {
    return this.#session.seat;
  }

  /** Offers made so far, those inside of joins included. */
  get offers() {
    return this.#session.offers;
  }

  /** What carries events, or did before the connection was lost. */
  get transport() {
    return this.#session.signal.transport;
  }

  /** The room itself: locked, lobby, recording, spotlight; null before the join. @returns {RoomInfo|null} */
  get info() {
    return this.#roster.room;
  }

  get #roster() {
    return this.#follower.roster;
  }

  /** Members in the order of joining, oneself included. @returns {Member[]} */
  get members() {
    return [...this.#roster.members.values()];
  }

  /** What the others publish. @returns {Publication[]} */
  get publications() {
    return [...this.#roster.publications.values()].filter((p) => p.member !== this.self?.id);
  }

  /** What we publish. @returns {LocalPublication[]} */
  get locals() {
    return this.#publisher.list;
  }

  /** The slots of the present connection. */
  get slots() {
    return this.#session.connection?.slots.places ?? [];
  }

  /** The present connection, for statistics. @returns {RTCPeerConnection|null} */
  get pc() {
    return this.#session.connection?.pc ?? null;
  }

  /**
   * @param {JoinOptions} o
   * @returns {Promise<void>} settled when the server has taken us in; rejects
   *   with a {@link RoomError} when it refuses, and the room is then `left`
   */
  join(o) {
    if (this.state === 'idle') {
      this.name = o.room;
    }
    return this.#session.join(o);
  }

  /** Leaves, and tells the server so that the others see it at once. */
  leave() {
    return this.#session.leave();
  }

  /**
   * Goes to another room, and goes on publishing there what we publish here. Who is
   * in a breakout room may go back to the main room so.
   * @param {MoveEvent} to
   * @returns {Promise<void>} rejects with a {@link RoomError} if it is refused, and
   *   we are here still
   */
  follow(to) {
    return this.#moves.follow(to);
  }

  /** Tries to reconnect at once: the page is seen again, perhaps after a sleep. */
  hurry() {
    this.#session.hurry();
  }

  /** The network is another one: reconnects at once, and media finds a new way. */
  moved() {
    this.#session.moved();
  }

  /**
   * Publishes a track, now or with the join. One track per source.
   * @param {MediaStreamTrack} track
   * @param {Source} source
   * @param {{muted?: boolean}} [o]
   * @returns {Promise<LocalPublication>} settled when it is negotiated; rejects
   *   with a {@link RoomError} when the server refuses it, and then it is gone
   */
  publish(track, source, o = {}) {
    return this.#publisher.publish(track, source, o);
  }

  /**
   * Stops publishing. The track is the caller's to stop.
   * @param {Source} source
   */
  unpublish(source) {
    return this.#publisher.unpublish(source);
  }

  /**
   * Sends another track, or nothing, in place of the present one. Nobody is
   * disturbed by it, because nothing is negotiated.
   * @param {Source} source
   * @param {MediaStreamTrack|null} track
   */
  replace(source, track) {
    return this.#publisher.replace(source, track);
  }

  /**
   * Says that a publication of ours is muted, or no longer. The track of a
   * muted one is disabled: silence or black is sent, never what it hears or sees.
   * @param {Source} source
   * @param {boolean} muted
   */
  mute(source, muted) {
    return this.#publisher.mute(source, muted);
  }

  /**
   * Sets which publications are received: the whole list, each time. Pictures are
   * best named with the size in which they are shown. Audio that is not named comes by
   * itself, video does not.
   * @param {Iterable<[id: string, wish: Wish]>} wanted
   */
  subscribe(wanted) {
    this.#watcher.want(wanted);
  }

  /**
   * Writes to everybody in the chat.
   * @param {string} text
   * @returns {Promise<Line>} settled when the server has it
   */
  send(text) {
    return this.chat.send(text);
  }

  /**
   * Sends a file, of at most `limits.file` bytes, as a message of the chat.
   * @param {File} file
   * @param {FileOptions} [o]
   * @returns {Promise<Line>} settled when the server has it
   */
  async sendFile(file, o = {}) {
    const { seat } = this.#session;
    if (!seat || this.state !== 'joined') {
      throw new RoomError('not_joined', 'a file: not in the room');
    }
    const room = this.name;
    const stays = () => room === this.name;
    const message = await upload({ url: this.#url, room, seat, limit: this.limits.file }, file, o).catch((err) => {
      throw stays() ? err : new RoomError('moved', 'a file: it was meant for another room');
    });
    return stays() ? this.chat.receive(message, '', true) : this.chat.line(message, '', true);
  }

  /** Changes our own name, which others see. @param {string} name */
  async setName(name) {
    await this.#session.request('set', { name });
  }

  /** Changes what we say of ourselves; an empty text removes one. @param {Record<string, string>} attrs */
  async setAttributes(attrs) {
    await this.#session.request('set', { attrs });
  }

  /**
   * Sends bytes to members, without `to` to everybody else.
   * @param {string} topic 1 to 64 bytes
   * @param {Uint8Array} bytes at most 16 KiB
   * @param {ParcelOptions} [o] `reliable` is true if missing
   */
  sendData(topic, bytes, o = {}) {
    return this.#parcels.send(topic, bytes, o);
  }

  /** @param {JoinAck} ack of a join, the first or a later one */
  #entered(ack) {
    this.self = ack.self;
    this.can = ack.can ?? {};
    this.caps = ack.caps ?? [];
    this.limits = ack.limits ?? {};
    const name = ack.room?.name ?? this.name;
    const moved = name !== this.name;
    if (moved) {
      this.name = name;
      this.chat.clear();
      this.hosting.clear();
    }
    this.#watcher.reset();
    this.speakers.clear();
    this.#follower.enter(ack);
    for (const m of ack.chat ?? []) {
      this.chat.receive(m, this.#sender(m), m.sender === ack.self.id);
    }
    this.talk.reset(ack);
    this.emit('roster', undefined);
    if (moved) {
      this.emit('moved', name);
    }
  }

  /** Does what was asked for while the join was under way. */
  #catchUp() {
    const own = [...this.#roster.publications.values()].filter((p) => p.member === this.self?.id);
    this.#publisher.catchUp(own.map((p) => p.id));
    this.#watcher.flush();
    this.chat.flush();
  }

  #rosterChanged() {
    this.self = this.#roster.members.get(this.self?.id ?? '') ?? this.self;
    this.#watcher.sweep();
    this.talk.sweep((id) => this.#roster.members.has(id));
    this.emit('roster', undefined);
  }

  /** @param {{sender?: string, name?: string}} m */
  #sender(m) {
    return m.name ?? this.#roster.members.get(m.sender ?? '')?.name ?? '';
  }
}
