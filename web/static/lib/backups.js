// @ts-check
import { Demand } from './demand.js';
import { canSend } from './sections.js';
/** @import {Connection, LocalPublication} from './connection.js' */
/** @import {LayersEvent} from './protocol.js' */
/** @import {Session} from './session.js' */

/**
 * Backups sends publications of ours in a second codec, each in a section of its
 * own, as long as the server asks for it: somebody cannot decode the first.
 */
export class Backups {
  #session;
  /** By what they are a backup of. @type {Map<LocalPublication, {connection: Connection, local: LocalPublication}>} */
  #all = new Map();

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Takes what is wanted of a publication in a codec that is not its own.
   * @param {LocalPublication} of
   * @param {LayersEvent} e
   */
  demanded(of, e) {
    const c = this.#session.connection;
    const now = this.#of(of);
    const wanted = e.active.length > 0;
    if (!c || !e.codec || !of.id || wanted && (now?.codec === e.codec || !canSend(e.codec))) {
      return;
    }
    if (now && (wanted || now.codec === e.codec)) {
      this.end(of);
    } else if (!wanted) {
      return;
    }
    if (wanted) {
      /** @type {LocalPublication} */
      const local = {
        source: of.source, kind: of.kind, track: of.track, muted: false, demand: new Demand(), codec: e.codec, backupOf: of.id,
      };
      this.#all.set(of, { connection: c, local });
      c.attach(local);
    }
    c.negotiate().catch(() => {}); // refused: the server knows, and asks again if it likes
  }

  /** @param {LocalPublication} of @param {MediaStreamTrack|null} track */
  async replace(of, track) {
    const local = this.#of(of);
    if (local) {
      local.track = track;
      await local.transceiver?.sender.replaceTrack(track);
    }
  }

  /** Stops the backup of a publication; the next offer tells the server. @param {LocalPublication} of */
  end(of) {
    const local = this.#of(of);
    this.#all.delete(of);
    if (local) {
      this.#session.connection?.detach(local);
    }
  }

  /** @param {LocalPublication} of @returns {LocalPublication|undefined} that of the present connection */
  #of(of) {
    const backup = this.#all.get(of);
    return backup?.connection === this.#session.connection ? backup?.local : undefined;
  }
}
