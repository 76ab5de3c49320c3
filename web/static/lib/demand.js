// @ts-check
/** @import {LayersEvent} from './protocol.js' */

/** What an encoding is given at least, in bit/s: with less Chromium sends nothing of it. */
const least = 30_000;
/** How often, and after how many milliseconds, a change that the browser refused is tried again. */
const retries = 5;
const pause = 100;

/**
 * Demand brings what one sender encodes in line with what anybody wants of it:
 * encodings that nobody wants are switched off, and cost neither encoder nor
 * uplink. What was not heard of is wanted as it is.
 *
 * Browsers take one change at a time, and it must build on the present
 * parameters; what is told meanwhile is part of the next, the newest wins. A
 * change that something else made in between, as a negotiation may, is set right
 * by the next {@link apply}.
 * @internal
 */
export class Demand {
  /** @type {RTCRtpSender|null} */
  #sender = null;
  /** The encodings as they were made. @type {RTCRtpEncodingParameters[]} */
  #own = [];
  /** @type {LayersEvent|undefined} */
  #wanted;
  #busy = false;
  #dirty = false;

  /**
   * @param {RTCRtpSender} sender a new one
   * @param {RTCRtpEncodingParameters[]} own its encodings, as they were made
   */
  attach(sender, own) {
    this.#sender = sender;
    this.#own = own;
    this.#wanted = undefined;
  }

  /** The sender is no longer ours to change. */
  detach() {
    this.#sender = null;
  }

  /**
   * @param {string} [codec] as in a publication, such as `video/VP8`
   * @returns {boolean} whether it is the one that is sent
   */
  encodes(codec) {
    const sent = this.#sender?.getParameters().codecs?.[0]?.mimeType;
    const name = (/** @type {string} */ s) => s.slice(s.indexOf('/') + 1).toLowerCase();
    return !codec || !sent || name(codec) === name(sent);
  }

  /** @param {LayersEvent|undefined} wanted undefined: everything */
  want(wanted) {
    this.#wanted = wanted;
    this.apply();
  }

  /** Sets the parameters, if they are not as they should be. */
  async apply() {
    this.#dirty = true;
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    for (let tries = 0; this.#dirty && tries <= retries; ) {
      this.#dirty = false;
      try {
        await this.#set();
        tries = 0;
      } catch {
        // The connection was negotiating, or the sender has stopped.
        tries++;
        this.#dirty = true;
        await new Promise((done) => setTimeout(done, pause));
      }
    }
    this.#busy = false;
  }

  /** @returns {Promise<void>|undefined} */
  #set() {
    const parameters = this.#sender?.getParameters();
    if (!parameters?.encodings?.length) {
      return undefined;
    }
    const target = targets(this.#own, this.#wanted);
    let changed = false;
    parameters.encodings.forEach((e, i) => {
      const to = target[i] ?? {};
      if ((e.active ?? true) !== to.active || e.maxBitrate !== to.maxBitrate) {
        e.active = to.active;
        e.maxBitrate = to.maxBitrate;
        changed = true;
      }
    });
    return changed ? this.#sender?.setParameters(parameters) : undefined;
  }
}

/**
 * What each encoding should be. A limit goes to the smallest ones first, so that
 * it is the largest picture that gets worse. An encoding without a RID is on if
 * anything is wanted.
 * @param {RTCRtpEncodingParameters[]} own
 * @param {LayersEvent|undefined} wanted
 * @returns {{active: boolean, maxBitrate: number|undefined}[]}
 */
export function targets(own, wanted) {
  const bitrate = (/** @type {RTCRtpEncodingParameters} */ e) => e.maxBitrate ?? Infinity;
  const isOn = (/** @type {RTCRtpEncodingParameters} */ e) =>
    !wanted || (e.rid ? wanted.active.includes(e.rid) : wanted.active.length > 0);
  let rest = wanted?.max_bps || Infinity;
  const limits = new Map();
  for (const e of own.filter(isOn).sort((a, b) => bitrate(a) - bitrate(b))) {
    const limit = Math.min(bitrate(e), Math.max(rest, least));
    rest -= limit;
    limits.set(e, Number.isFinite(limit) ? limit : undefined);
  }
  return own.map((e) => ({ active: limits.has(e), maxBitrate: limits.has(e) ? limits.get(e) : e.maxBitrate }));
}
