// @ts-check
// Runs the tests in real browsers: two files at a time, and alone those whose
// result is a time of less than a few seconds. Some files can be named:
//
//	npm run test:browser -- call page
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './test/support.mjs';

/** What measures time so finely that another browser would disturb it. */
const alone = ['codecs', 'demand', 'first', 'full', 'layers', 'network', 'replay', 'resume', 'weight'];

const cwd = fileURLToPath(new URL('test/', import.meta.url));
const all = readdirSync(cwd).filter((f) => f.endsWith('.test.mjs')).map((f) => f.replace('.test.mjs', ''));
const chosen = process.argv.slice(2);
for (const name of [...alone, ...chosen]) {
  if (!all.includes(name)) {
    throw new Error(`there is no test/${name}.test.mjs`);
  }
}
const wanted = all.filter((name) => chosen.length === 0 || chosen.includes(name));
const env = { ...process.env, SWITCHYARD_BIN: build() };
let failed = false;

/** @param {string[]} names @param {number} atOnce */
function run(names, atOnce) {
  if (names.length > 0) {
    const files = names.map((n) => `${n}.test.mjs`);
    const r = spawnSync(process.execPath, ['--test', `--test-concurrency=${atOnce}`, ...files], { cwd, env, stdio: 'inherit' });
    failed ||= r.status !== 0;
  }
}

run(wanted.filter((name) => !alone.includes(name)), 2);
run(wanted.filter((name) => alone.includes(name)), 1);
process.exitCode = failed ? 1 : 0;
