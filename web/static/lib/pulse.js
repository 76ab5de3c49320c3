// @ts-check

/** How often the connection is looked at, in milliseconds. */
const every = 300;
/** So many looks in a row without a packet mean that the way is gone. */
const silent = 2;

/**
 * Pulse notices that a connection which was alive has stopped, sooner than ICE,
 * which waits for 2.5 s and more: who sends media hears reports about it several
 * times a second, whatever the others do. Who only watches hears nothing while what
 * it watches pauses, and is left to ICE. A false alarm costs a round trip, so it is
 * raised once for each silence.
 */
export class Pulse {
  #pc;
  #onStop;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #timer;
  /** Counters of the present path at the last look. */
  #last = { path: '', received: 0, sent: 0 };
  /** Looks in a row with packets, and then without. */
  #beats = 0;
  #missed = 0;

  /**
   * @param {Pick<RTCPeerConnection, 'getStats'>} pc
   * @param {() => void} onStop is told of each silence
   */
  constructor(pc, onStop) {
    this.#pc = pc;
    this.#onStop = onStop;
  }

  start() {
    this.#timer ??= setInterval(() => this.look().catch(() => {}), every);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks once. */
  async look() {
    const now = counters(await this.#pc.getStats());
    const { path, received, sent } = this.#last;
    this.#last = now;
    if (now.path !== path || now.sent === sent) {
      this.#beats = this.#missed = 0; // a new one, or nobody would answer
    } else if (now.received !== received) {
      this.#beats++;
      this.#missed = 0;
    } else if (this.#beats > silent && ++this.#missed === silent) {
      this.#beats = this.#missed = 0;
      this.#onStop();
    }
  }
}

/**
 * @param {RTCStatsReport} stats
 * @returns {{path: string, received: number, sent: number}} packets over the path in use; none sent without media
 */
function counters(stats) {
  /** @type {any[]} */
  const all = [...stats.values()];
  const path = all.find((s) => s.type === 'transport')?.selectedCandidatePairId ?? '';
  const pair = all.find((s) => s.id === path);
  const sends = all.some((s) => s.type === 'outbound-rtp' && s.active !== false && s.packetsSent > 0);
  const sent = sends ? (pair?.packetsSent ?? 0) + (pair?.packetsDiscardedOnSend ?? 0) : 0;
  return { path, received: pair?.packetsReceived ?? 0, sent };
}
