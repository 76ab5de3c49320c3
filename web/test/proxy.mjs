// @ts-check
// A TCP proxy that a test can cut.
import { createServer, connect } from 'node:net';
import { atEnd } from './support.mjs';

/**
 * Starts a proxy before a server. Media does not go through it.
 * @param {string} url of the server
 */
export async function startProxy(url) {
  const { hostname, port } = new URL(url);
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set();
  let cut = false;
  /** When a connection last came through. */
  let accepted = 0;
  const proxy = createServer((near) => {
    if (cut) {
      near.resetAndDestroy();
      return;
    }
    accepted = Date.now();
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
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
      accepted = 0;
    },
    accepted: () => accepted,
  };
}
