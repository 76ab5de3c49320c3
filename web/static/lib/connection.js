// @ts-check
import { Demand } from './demand.js';
import { Emitter } from './emitter.js';
import { RoomError } from './errors.js';
import { Pulse } from './pulse.js';
import { encodings, hint, single, trim } from './sections.js';
import { Slots } from './slots.js';
/** @import {Need, OfferAck, Pub, Published, Slot, Source} from './protocol.js' */

/** Sizes of the pool of video slots: it grows in steps, in one offer each. */
const videoPool = [6, 12, 25, 49];
/** Slots of the first offer. */
const firstAudio = 4;
const firstVideo = videoPool[0];
/** Failures after which nobody knows whether the server has the offer. */
const unsure = ['offline', 'not_joined', 'timeout'];

/**
 * @typedef {object} LocalPublication a track of ours; it outlives connections
 * @property {Source} source
 * @property {'audio'|'video'} kind
 * @property {MediaStreamTrack|null} track null while its device is closed
 * @property {boolean} muted
 * @property {boolean} [told] what the server believes about muted
 * @property {string} [id] given by the server
 * @property {RTCRtpTransceiver} [transceiver] of the present connection
 * @property {Demand} demand of the others for it
 * @property {string} [codec] the only one to send it in
 * @property {string} [backupOf] the publication that this is in another codec
 */

/**
 * Connection is the one RTCPeerConnection of a member: send sections are
 * publications, receive-only sections are slots. The client always offers, one
 * offer at a time; what changes meanwhile is part of the next.
 *
 * Events: `offer` when one is made, that of the join included; `answered` when
 * the server has said what became of it; `slots` when a slot shows something else; `state` with the connection's state; `stopped` when
 * nothing comes any more, although it should.
 *
 * @extends {Emitter<{offer: void, answered: void, slots: void, state: RTCPeerConnectionState, stopped: void}>}
 */
export class Connection extends Emitter {
  slots = new Slots();
  /** @type {RTCPeerConnection} */
  pc;
  /** @type {LocalPublication[]} */
  #locals = [];
  #request;
  #pulse;
  /** Id of the newest offer; that of the join has none and counts as 1. */
  #id = 0;
  #dirty = false;
  #restart = false;
  /**
   * The offer that waits for its answer. One that the socket was lost with is
   * sent again as it was: the server answers a second time.
   * @type {{id: number, sdp: string, restart: boolean, publish: Pub[]}|null}
   */
  #pending = null;
  #closed = false;
  /** Another connection may take our place: what changes waits for what comes of it. */
  #held = false;
  /** @type {Promise<void>|null} */
  #running = null;

  /**
   * @param {object} o
   * @param {RTCIceServer[]} o.iceServers
   * @param {(name: string, arg: object) => Promise<any>} o.request
   * @param {typeof RTCPeerConnection} [o.PeerConnection] for tests
   */
  constructor(o) {
    super();
    this.#request = o.request;
    const PeerConnection = o.PeerConnection ?? RTCPeerConnection;
    // Without max-bundle Chromium gathers candidates for each section.
    this.pc = new PeerConnection({ bundlePolicy: 'max-bundle', iceServers: o.iceServers });
    this.#pulse = new Pulse(this.pc, () => this.emit('stopped', undefined));
    this.pc.addEventListener('connectionstatechange', () => {
      if (this.pc.connectionState === 'connected') {
        this.#pulse.start();
      }
      this.emit('state', this.pc.connectionState);
    });
    // The pool comes first, since Chromium closes the transport of the bundle together
    // with the first section. Slots are not closed.
    this.#addSlots('audio', firstAudio);
    this.#addSlots('video', firstVideo);
  }

  /**
   * Adds a send section. It takes effect with the next offer.
   * @param {LocalPublication} local
   */
  attach(local) {
    if (local.track) {
      hint(local.track, local.source);
    }
    local.id = undefined;
    const sendEncodings = local.backupOf ? [single(local.source)] : encodings(local.source);
    local.transceiver = this.pc.addTransceiver(local.track ?? local.kind, { direction: 'sendonly', sendEncodings });
    local.demand.attach(local.transceiver.sender, sendEncodings);
    trim(local.transceiver, local.kind, local.codec);
    this.#locals.push(local);
  }

  /** @param {LocalPublication} local @returns {boolean} whether it has a section here */
  sends(local) {
    return this.#locals.includes(local);
  }

  /**
   * Offers nothing more, until {@link restore}.
   * @returns {Promise<void>} settled when an offer that is under way is answered
   */
  async hold() {
    this.#held = true;
    await this.#running?.catch(() => {});
  }

  /** What {@link restore} needs, before another connection takes what we send. */
  keep() {
    return this.#locals.map((local) => ({ local, was: { transceiver: local.transceiver, id: local.id, told: local.told } }));
  }

  /**
   * Goes on with what we send, as no other connection took it, and ends what was
   * ended meanwhile.
   * @param {ReturnType<Connection['keep']>} kept
   */
  restore(kept) {
    this.#held = false;
    for (const { local, was } of kept) {
      if (!this.sends(local)) {
        was.transceiver?.stop();
        continue;
      }
      Object.assign(local, was);
      if (local.transceiver) {
        if (local.transceiver.sender.track !== local.track) {
          local.transceiver.sender.replaceTrack(local.track).catch(() => {}); // it was changed meanwhile
        }
        local.demand.attach(local.transceiver.sender, local.backupOf ? [single(local.source)] : encodings(local.source));
      }
    }
    this.emit('answered', undefined);
  }

  /**
   * Ends a send section. The next offer tells the server, which has already
   * been told by `unpublish`; none is made for this alone.
   * @param {LocalPublication} local
   */
  detach(local) {
    this.#locals = this.#locals.filter((l) => l !== local);
    local.demand.detach();
    if (!this.#closed) {
      local.transceiver?.stop();
    }
    local.transceiver = undefined;
    local.id = undefined;
  }

  /**
   * The offer that rides in the join: the pool and send sections.
   * @returns {Promise<{offer: string, publish: Pub[]}>}
   */
  async first() {
    return { offer: await this.#describe(), publish: this.#unpublished() };
  }

  /**
   * Takes the answer of the join or of an offer.
   * @param {string|undefined} answer absent if there is nothing to negotiate
   * @param {{published?: Published[], slots?: Slot[]}} ack
   */
  async accept(answer, ack) {
    for (const p of ack.published ?? []) {
      const local = this.#locals.find((l) => l.transceiver?.mid === p.mid);
      if (local) {
        local.id = publicationId(p);
      }
    }
    if (this.slots.label(ack.slots)) {
      this.emit('slots', undefined);
    }
    if (answer && !this.#closed) {
      await this.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    }
    this.emit('answered', undefined);
  }

  /**
   * Offers again, now or after the offer in flight.
   * @param {{restart?: boolean}} [o]
   * @returns {Promise<void>} settled when everything so far is negotiated
   */
  negotiate(o = {}) {
    this.#dirty = true;
    this.#restart ||= o.restart ?? false;
    return this.#start();
  }

  /**
   * Goes on with a socket that has resumed: repeats an offer that was lost with
   * the old one, and restarts ICE if media is not connected.
   * @param {boolean} moved whether the network is another one
   * @returns {Promise<void>} settled at once if nothing has to be negotiated
   */
  async resume(moved) {
    if (moved || ['disconnected', 'failed'].includes(this.pc.connectionState)) {
      this.#dirty = this.#restart = true;
    }
    await this.#running?.catch(() => {}); // it belonged to the old socket
    if (this.#dirty || this.#pending) {
      await this.#start();
    }
  }

  #start() {
    if (this.#held || this.#closed) {
      return Promise.resolve();
    }
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run() {
    try {
      while ((this.#dirty || this.#pending) && !this.#closed && !this.#held) {
        await this.#round();
      }
    } finally {
      this.#running = null;
    }
  }

  /** @returns {Promise<{id: number, sdp: string, restart: boolean, publish: Pub[]}>} */
  async #prepare() {
    const restart = this.#restart;
    this.#dirty = this.#restart = false;
    if (restart) {
      this.pc.restartIce();
    }
    const sdp = await this.#describe();
    return { id: this.#id, sdp, restart, publish: this.#unpublished() };
  }

  async #round() {
    const offer = (this.#pending ??= await this.#prepare());
    try {
      /** @type {OfferAck} */
      const ack = await this.#request('offer', offer);
      this.#pending = null;
      await this.accept(ack.answer, ack);
      for (const id of (ack.published ?? []).map(publicationId)) {
        if (!this.#locals.some((l) => l.id === id)) {
          // It was ended before we knew its name.
          this.#request('unpublish', { publication: id }).catch(() => {});
        }
      }
    } catch (err) {
      if (err instanceof RoomError && unsure.includes(err.code)) {
        throw err;
      }
      this.#pending = null;
      await this.#rollBack();
      if (err instanceof RoomError && err.code === 'rate_limited' && !this.#closed) {
        await new Promise((done) => setTimeout(done, err.retryAfter || 1000));
        this.#dirty = true;
        this.#restart ||= offer.restart;
        return;
      }
      throw err;
    }
  }

  async #rollBack() {
    if (!this.#closed && this.pc.signalingState === 'have-local-offer') {
      await this.pc.setLocalDescription({ type: 'rollback' });
    }
  }

  async #describe() {
    this.#id++;
    this.emit('offer', undefined);
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.pc.localDescription?.sdp ?? '';
  }

  /** @returns {Pub[]} */
  #unpublished() {
    return this.#locals
      .filter((l) => l.transceiver?.mid && !l.id)
      .map((l) => {
        l.told = l.muted;
        const mid = /** @type {string} */ (l.transceiver?.mid);
        return { mid, kind: l.kind, source: l.source, muted: l.muted, ...(l.backupOf && { backup_of: l.backupOf }) };
      });
  }

  /**
   * Makes room for what the server or the layout needs.
   * @param {Need} need
   * @returns {boolean} whether an offer is due
   */
  grow(need) {
    const before = this.slots.places.length;
    if (need.audio) {
      this.#addSlots('audio', need.audio);
    }
    if (need.video) {
      const video = need.video;
      this.#addSlots('video', videoPool.find((n) => n >= video) ?? videoPool[videoPool.length - 1]);
    }
    return this.slots.places.length > before;
  }

  /**
   * @param {'audio'|'video'} kind
   * @param {number} total slots that there shall be, at least
   */
  #addSlots(kind, total) {
    while (this.slots.count(kind) < total) {
      const t = this.pc.addTransceiver(kind, { direction: 'recvonly' });
      trim(t, kind);
      this.slots.add(t, kind);
    }
  }

  close() {
    this.#closed = true;
    this.#pulse.stop();
    this.pc.close();
  }
}

/**
 * A server may name a publication or describe it.
 * @param {{publication: string|{id: string}}} p
 */
function publicationId(p) {
  return typeof p.publication === 'string' ? p.publication : p.publication.id;
}
