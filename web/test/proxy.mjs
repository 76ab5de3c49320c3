// @ts-check
// A TCP proxy that a test can cut, that blocks WebSockets as networks do, and
// that does harm at random.
import { createServer, connect } from 'node:net';
import { Transform } from 'node:stream';
import { atEnd } from './support.mjs';
/** @import {Socket} from 'node:net' */

/**
 * What networks do with the request for a WebSocket: `refuse` answers it with
 * 403, `strip` takes the word Upgrade out and passes it on, `drop` resets the
 * connection, `stall` keeps it open and never answers, `swallow` answers it
 * and lets nothing through, and `close` answers it and ends the connection.
 * @typedef {'refuse'|'strip'|'drop'|'stall'|'swallow'|'close'} Block
 */

/**
 * Starts a proxy before a server. Media does not go through it.
 * @param {string} url of the server
 */
export async function startProxy(url) {
  const { hostname, port } = new URL(url);
  /** @type {Set<Socket>} */
  const open = new Set();
  let cut = false;
  /** @type {Block|undefined} */
  let block;
  /** How many of 100 WebSockets are blocked. */
  let blocked = 100;
  let stormy = false;
  /** When a connection first came through since the last time. */
  let accepted = 0;
  /** When a WebSocket was first blocked since the last time. */
  let hindered = 0;

  const keep = (/** @type {Socket} */ s, /** @type {Socket|undefined} */ other = undefined) => {
    open.add(s);
    s.setNoDelay();
    s.on('error', () => other?.destroy());
    s.on('close', () => {
      open.delete(s);
      other?.destroy();
    });
  };
  const proxy = createServer((near) => {
    if (cut) {
      near.resetAndDestroy();
      return;
    }
    keep(near);
    // The head of a request comes as one piece from browsers on this machine.
    near.once('data', (head) => {
      near.pause();
      const upgrades = /^upgrade: websocket\r$/im.test(head.toString('latin1'));
      if (upgrades && block && Math.random() * 100 < blocked) {
        hindered ||= Date.now();
        const rest = hinder(near, head, block);
        return rest && carry(near, rest);
      }
      accepted ||= Date.now();
      return carry(near, head);
    });
  });

  /** @param {Socket} near @param {Buffer} head what it has sent already */
  const carry = (near, head) => {
    const far = connect(Number(port), hostname);
    keep(far, near);
    near.on('close', () => far.destroy());
    if (stormy && Math.random() < 0.2 && !head.includes('sid=')) {
      double(head);
    }
    far.write(head);
    near.pipe(weather(() => stormy)).pipe(far);
    far.pipe(weather(() => stormy)).pipe(near);
    if (stormy) {
      setTimeout(() => stormy && (Math.random() < 0.5 ? near.resetAndDestroy() : near.destroy()), 300 + Math.random() * 4000);
    }
  };
  /** Makes a request once more, on a connection that nobody listens to. @param {Buffer} head */
  const double = (head) => {
    const far = connect(Number(port), hostname, () => far.write(head));
    keep(far);
    far.resume();
    setTimeout(() => far.destroy(), 2000);
  };

  await new Promise((done) => proxy.listen(0, '127.0.0.1', () => done(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  atEnd(() => {
    open.forEach((s) => s.destroy());
    proxy.close();
  });
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** Ends every connection, and refuses others from now on. */
    cut() {
      cut = true;
      open.forEach((s) => s.resetAndDestroy());
    },
    mend() {
      cut = false;
      accepted = hindered = 0;
    },
    /**
     * Blocks WebSockets from now on, or no longer.
     * @param {Block} [how]
     * @param {number} [share] of 100
     */
    block(how, share = 100) {
      block = how;
      blocked = share;
    },
    /** Cuts, resets, stalls, delays and doubles from now on, or no longer. @param {boolean} on */
    storm(on) {
      stormy = on;
    },
    accepted: () => accepted,
    hindered: () => hindered,
  };
}

/**
 * @param {Socket} near
 * @param {Buffer} head of its request
 * @param {Block} how
 * @returns {Buffer|undefined} what to pass on
 */
function hinder(near, head, how) {
  switch (how) {
    case 'refuse':
      near.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return undefined;
    case 'strip':
      return Buffer.from(head.toString('latin1').replace(/^upgrade: .*\r\n/im, '').replace(/^connection: .*$/im, 'Connection: close\r'), 'latin1');
    case 'drop':
      near.resetAndDestroy();
      return undefined;
    case 'stall':
      near.resume();
      return undefined;
    case 'swallow':
    case 'close':
      answer(near, head).then(() => (how === 'close' ? near.end() : near.resume()));
      return undefined;
  }
}

/** Accepts a WebSocket. @param {Socket} near @param {Buffer} head */
async function answer(near, head) {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head.toString('latin1'))?.[1] ?? '';
  const bytes = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const hash = Buffer.from(await crypto.subtle.digest('SHA-1', bytes)).toString('base64');
  near.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${hash}\r\n\r\n`);
}

/**
 * One direction of a connection in a storm: pieces are late, so that others
 * overtake them, and now and then everything waits.
 * @param {() => boolean} stormy
 */
function weather(stormy) {
  return new Transform({
    transform(piece, _, done) {
      const dice = stormy() ? Math.random() : 1;
      const wait = dice < 0.03 ? Math.random() * 5000 : dice < 0.3 ? Math.random() * 50 : 0;
      if (wait === 0) {
        done(null, piece);
      } else {
        setTimeout(() => done(null, piece), wait);
      }
    },
  });
}
