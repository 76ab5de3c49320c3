// node browser.mjs BROWSER [ARG...] writes the offer of a browser to stdout: it
// opens a page of this script, which sends what createOffer gave.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const page = `<script type="module">
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  for (const direction of ['sendonly', 'recvonly']) {
    pc.addTransceiver('audio', { direction });
    pc.addTransceiver('video', { direction });
  }
  pc.createDataChannel('sw');
  await fetch('/', { method: 'POST', body: (await pc.createOffer()).sdp });
</script>`;

const profile = mkdtempSync(join(tmpdir(), 'capture-'));
const server = createServer((request, response) => {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/' ? page : '');
    return;
  }
  request.pipe(process.stdout, { end: false });
  request.on('end', () => {
    response.end();
    browser.kill();
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const [command, ...rest] = process.argv.slice(2);
const args = rest.map((a) => a.replaceAll('PROFILE', profile));
const browser = spawn(command, [...args, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
setTimeout(() => browser.kill('SIGKILL'), 60_000).unref();
await new Promise((done) => browser.on('exit', done));
server.close();
server.closeAllConnections();
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
