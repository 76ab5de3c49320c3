// Sends numbers with the stock socket.io-client through a network that does what
// it likes, for a while: node storm.mjs URL SECONDS NAME... It starts with
// long-polling and upgrades. It prints what was acknowledged, as {name: [number]}.
import { createRequire } from 'node:module';

const { io } = createRequire(new URL('../../web/package.json', import.meta.url))('socket.io-client');
const [url, seconds, ...names] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;
const acked = {};
let upgrades = 0;

async function pilgrim(Name) {
  const socket = io(url, { auth: { Name }, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 300, timeout: 3000 });
  socket.io.on('open', () => socket.io.engine.once('upgrade', () => upgrades++));
  socket.on('down', (n, bytes, done) => done());
  acked[Name] = [];
  for (let n = 0; Date.now() < end; n++) {
    try {
      await socket.timeout(3000).volatile.emitWithAck('up', Name, n, Buffer.alloc((n * n) % 3000));
      acked[Name].push(n);
    } catch {
      await new Promise((done) => setTimeout(done, 5));
    }
  }
  socket.disconnect();
}

await Promise.all(names.map(pilgrim));
console.error(`${upgrades} upgrades`);
console.log(JSON.stringify(acked));
process.exit(0);
