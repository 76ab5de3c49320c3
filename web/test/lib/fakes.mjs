// @ts-check
// A socket and a peer connection that do what a test tells them.

/** Lets everything that is due run. */
export const settle = () => new Promise((done) => setImmediate(done));

/** A socket of socket.io-client, with the server's answers in `answers`. */
export class FakeSocket {
  connected = false;
  active = true;
  /** @type {Record<string, (...args: any[]) => void>} */
  #listeners = {};
  /** What was sent, and for how many milliseconds an answer is waited for. @type {{name: string, arg: any, ms: number}[]} */
  sent = [];
  /** By event; a function, or a value. A missing one is never answered. @type {Record<string, any>} */
  answers = {};
  /** @type {((err: Error|null, ack?: any) => void)[]} */
  #waiting = [];
  opened = 0;
  /** What opens its connections. */
  io = {
    /** @type {{transports?: string[]}} */
    opts: {},
    /** Of the next opening, in milliseconds. */
    limit: 0,
    timeout(/** @type {number} */ ms) {
      this.limit = ms;
    },
    engine: {
      transport: { name: 'websocket' },
      /** Polling has turned into a WebSocket. */
      upgraded() {},
      once(/** @type {'upgrade'} */ _, /** @type {() => void} */ listener) {
        this.upgraded = listener;
      },
    },
  };

  /** @param {string} name @param {(...args: any[]) => void} listener */
  on(name, listener) {
    this.#listeners[name] = listener;
  }

  /** The server, or the library, says something. @param {string} name @param {any} [arg] */
  fire(name, arg) {
    this.#listeners[name]?.(arg);
  }

  connect() {
    this.opened++;
    this.connected = true;
    this.fire('connect');
  }

  disconnect() {
    if (this.connected) {
      this.lose('io client disconnect');
    }
  }

  /** The connection is lost. @param {string} [reason] */
  lose(reason = 'transport close') {
    this.connected = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach((ack) => ack(new Error('socket has been disconnected')));
    this.fire('disconnect', reason);
  }

  /** @param {number} ms */
  timeout(ms) {
    return {
      emit: (/** @type {string} */ name, /** @type {any} */ arg, /** @type {(e: Error|null, a?: any) => void} */ ack) => {
        this.sent.push({ name, arg: structuredClone(arg), ms });
        const answer = this.answers[name];
        if (answer === undefined) {
          this.#waiting.push(ack);
          return;
        }
        Promise.resolve(typeof answer === 'function' ? answer(arg) : answer).then((a) => ack(null, a));
      },
    };
  }

  /** @param {string} name @returns {any[]} what was sent with it */
  of(name) {
    return this.sent.filter((s) => s.name === name).map((s) => s.arg);
  }
}

/**
 * The part of a sender that says what it encodes. Like a browser's it refuses
 * parameters that are not the newest.
 * @param {any[]} encodings
 */
export function fakeParameters(encodings) {
  const sender = {
    /** @type {any} */
    parameters: { transactionId: 0, encodings: structuredClone(encodings), codecs: [{ mimeType: 'video/VP8' }] },
    /** Changes made. @type {any[]} */
    changes: [],
    /** What the next changes wait for, to be answered by hand. @type {(() => Promise<void>)|null} */
    hold: null,
    getParameters: () => structuredClone(sender.parameters),
    setParameters: async (/** @type {any} */ p) => {
      if (p.transactionId !== sender.parameters.transactionId) {
        throw new DOMException('old parameters', 'InvalidModificationError');
      }
      await sender.hold?.();
      sender.parameters = { ...structuredClone(p), transactionId: p.transactionId + 1 };
      sender.changes.push(p.encodings);
    },
  };
  return sender;
}

/** A data channel, which opens and drains by hand. */
export class FakeChannel extends EventTarget {
  readyState = 'connecting';
  bufferedAmount = 0;
  /** @type {Uint8Array[]} */
  sent = [];

  /** @param {string} label @param {any} [init] */
  constructor(label, init) {
    super();
    this.label = label;
    this.init = init;
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.sent.push(bytes);
    this.bufferedAmount += bytes.length;
  }

  open() {
    this.readyState = 'open';
  }

  drain() {
    this.bufferedAmount = 0;
    this.dispatchEvent(new Event('bufferedamountlow'));
  }

  /** @param {Uint8Array} bytes of a message that comes */
  receive(bytes) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: Uint8Array.from(bytes).buffer }));
  }
}

let connections = 0;

/** An RTCPeerConnection whose descriptions are lists of its sections. */
export class FakePeerConnection extends EventTarget {
  signalingState = 'stable';
  connectionState = 'new';
  /** @type {any[]} */
  transceivers = [];
  /** @type {any} */
  localDescription = null;
  /** @type {any} */
  remoteDescription = null;
  closed = false;
  restarts = 0;
  serial = ++connections;

  /** @param {any} config */
  constructor(config) {
    super();
    this.config = config;
    FakePeerConnection.all.push(this);
  }

  /** @param {any} track @param {any} init */
  addTransceiver(track, init) {
    const kind = typeof track === 'string' ? track : track.kind;
    const t = {
      mid: /** @type {string|null} */ (null),
      kind,
      direction: init.direction,
      stopped: false,
      sender: Object.assign(fakeParameters(init.sendEncodings ?? []), {
        track: typeof track === 'string' ? null : track,
        replaceTrack: async (/** @type {any} */ next) => (t.sender.track = next),
      }),
      receiver: { track: { kind } },
      setCodecPreferences() {},
      stop: () => (t.stopped = true),
    };
    this.transceivers.push(t);
    return t;
  }

  /** Data channels that the page has opened. @type {FakeChannel[]} */
  channels = [];

  /** @param {string} label @param {any} [init] */
  createDataChannel(label, init) {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }

  packets = { sent: 0, received: 0 };

  async getStats() {
    return new Map(/** @type {[string, any][]} */ ([
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
      ['P', { id: 'P', packetsReceived: this.packets.received, packetsSent: this.packets.sent }],
      ['S', { id: 'S', type: 'outbound-rtp', packetsSent: this.packets.sent }],
    ]));
  }

  restartIce() {
    this.restarts++;
  }

  async createOffer() {
    return { type: 'offer', sdp: `offer of ${this.transceivers.filter((t) => !t.stopped).length} sections` };
  }

  /** @param {any} d */
  async setLocalDescription(d) {
    if (d.type === 'rollback') {
      this.signalingState = 'stable';
      return;
    }
    this.transceivers.forEach((t, i) => (t.mid ??= String(i)));
    this.localDescription = d;
    this.signalingState = 'have-local-offer';
  }

  /** @param {any} d */
  async setRemoteDescription(d) {
    if (this.signalingState !== 'have-local-offer') {
      throw new Error('InvalidStateError: no offer is waiting');
    }
    this.remoteDescription = d;
    this.signalingState = 'stable';
  }

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close() {
    this.closed = true;
    this.signalingState = 'closed';
  }

  /** @type {FakePeerConnection[]} */
  static all = [];
}

// Node has no media streams.
Object.assign(globalThis, {
  MediaStream: class {
    /** @param {any[]} tracks */
    constructor(tracks) {
      this.tracks = tracks;
    }
  },
});

/** @param {'audio'|'video'} kind @returns {any} */
export const track = (kind) => ({ kind, enabled: true });

/** What a join is answered; the parts given replace those of an empty room. @param {object} [parts] */
export const joinAck = (parts = {}) => ({
  ok: true, v: 1, session: 's1', key: 'k1', self: { id: 'me', name: 'Ana' }, room: { name: 'r' },
  members: [{ id: 'me', name: 'Ana' }], publications: [], rev: 7, answer: 'answer', published: [],
  slots: [], ice_servers: [], caps: ['resume'], chat: [], ...parts,
});
