// @ts-check
// The client library as others get it: a package, a reference, and no DOM.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { program, reference } from '../../reference.mjs';

const run = promisify(execFile);
const web = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the library may ask of the browser, beside the language: WebRTC, the
 * network, timers, and what servers and workers have as well.
 */
const allowed = [
  'AbortController', 'AbortSignal', 'Blob', 'DOMException', 'Event', 'EventTarget', 'File', 'FormData', 'Headers',
  'MediaStream', 'MediaStreamTrack', 'RTCPeerConnection', 'RTCRtpReceiver', 'RTCRtpSender', 'Response', 'TextDecoder',
  'TextEncoder', 'URL', 'URLSearchParams', 'XMLHttpRequest', 'atob', 'btoa', 'clearInterval', 'clearTimeout', 'console', 'crypto', 'fetch',
  'performance', 'queueMicrotask', 'setInterval', 'setTimeout', 'structuredClone',
];

test('the library touches no DOM', () => {
  const whole = program();
  const checker = whole.getTypeChecker();
  /** @type {Set<string>} */
  const used = new Set();
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isIdentifier(node) && !ts.isPartOfTypeNode(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const declared = symbol?.declarations?.find((d) => /lib\.dom.*\.d\.ts$/.test(d.getSourceFile().fileName));
      // Members of what a global gives are allowed with it.
      if (declared && ts.isSourceFile(ts.isVariableDeclaration(declared) ? declared.parent.parent.parent : declared.parent)) {
        used.add(node.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  const files = whole.getSourceFiles().filter((f) => /static\/lib\/[^/]*\.js$/.test(f.fileName));
  assert.ok(files.length > 15, `${files.length} files`);
  files.forEach(visit);
  assert.ok(used.has('RTCPeerConnection'), 'the search finds what is there');
  assert.deepEqual([...used].filter((name) => !allowed.includes(name)), []);
});

test('the reference says what the comments say', async () => {
  const written = await readFile(new URL('../docs/client.md', `file://${web}`), 'utf8');
  assert.equal(written, await reference(), 'run `npm run reference` in web/');
});

test('the package can be imported, and its types are those of the code', { timeout: 300_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-client-'));
  t.after(() => rm(dir, { recursive: true }));
  // Packed in a copy, because it puts the types into the tree for a moment.
  const lib = join(dir, 'repository/web/static/lib');
  await cp(join(web, 'static/lib'), lib, { recursive: true });
  await cp(join(web, '../LICENSE'), join(dir, 'repository/LICENSE'));
  await symlink(join(web, 'node_modules'), join(dir, 'repository/web/node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], { cwd: lib });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  const names = files.map((/** @type {{path: string}} */ f) => f.path);
  for (const name of ['LICENSE', 'README.md', 'switchyard.js', 'types/switchyard.d.ts', 'types/room.d.ts',
    'vendor/socket.io.esm.min.js', 'vendor/socket.io.LICENSE.txt']) {
    assert.ok(names.includes(name), `${name} is in the package`);
  }
  assert.ok(!names.includes('tsconfig.json'));

  const user = join(dir, 'user');
  await mkdir(user);
  await writeFile(join(user, 'package.json'), '{"type": "module", "private": true}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(dir, filename)], { cwd: user });
  await writeFile(join(user, 'use.mjs'), `import { Room, RoomError, captureCode, visit } from '@switchyard-rtc/client';
    console.log(typeof Room, new RoomError('locked').code, captureCode(new Error(), 'cam'), typeof visit);`);
  assert.equal((await run('node', ['use.mjs'], { cwd: user })).stdout, 'function locked cam_failed function\n');

  await writeFile(join(user, 'use.ts'), consumer);
  for (const resolution of [ts.ModuleResolutionKind.Bundler, ts.ModuleResolutionKind.NodeNext]) {
    assert.deepEqual(errors(user, resolution), []);
  }
  await writeFile(join(user, 'use.ts'), consumer.replace("'camera'", "'kitchen'"));
  assert.match(errors(user, ts.ModuleResolutionKind.Bundler).join(), /kitchen/, 'a wrong argument is found');
});

const consumer = `import { Room, RoomError } from '@switchyard-rtc/client';
export async function meet(track: MediaStreamTrack): Promise<string[]> {
  const room = new Room({ url: 'https://meet.example' });
  room.on('slots', () => console.log(room.slots.map((s) => s.stream.id)));
  const off: () => void = room.on('left', (why: RoomError | null) => console.log(why?.code));
  await room.publish(track, 'camera', { muted: false });
  await room.join({ room: 'blue-fox-42', name: 'Ana' });
  room.subscribe(room.publications.map((p) => [p.id, { w: 640, h: 360 }]));
  off();
  return room.members.map((m) => m.name);
}
`;

/** Libraries of the language, read once. @type {Map<string, ts.SourceFile|undefined>} */
const libraries = new Map();

/**
 * What the compiler finds wrong, in the types of the package as well.
 * @param {string} dir @param {ts.ModuleResolutionKind} moduleResolution
 */
function errors(dir, moduleResolution) {
  const module = moduleResolution === ts.ModuleResolutionKind.Bundler ? ts.ModuleKind.ES2022 : ts.ModuleKind.NodeNext;
  /** @type {ts.CompilerOptions} */
  const options = {
    noEmit: true, strict: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'], types: [], module, moduleResolution,
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (file, ...more) => {
    if (!/typescript\/lib\/lib\./.test(file)) {
      return read(file, ...more);
    }
    if (!libraries.has(file)) {
      libraries.set(file, read(file, ...more));
    }
    return libraries.get(file);
  };
  host.getCurrentDirectory = () => dir;
  const use = ts.createProgram([join(dir, 'use.ts')], options, host);
  const files = use.getSourceFiles().filter((f) => !libraries.has(f.fileName));
  return files.flatMap((f) => [...use.getSyntacticDiagnostics(f), ...use.getSemanticDiagnostics(f)])
    .map((d) => `${d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
}
