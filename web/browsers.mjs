// @ts-check
// Runs the tests in real browsers. Most results are times, or depend on them: their
// files run one at a time. The others wait more than they compute, and run in pairs.
// Some files can be named:
//
//	npm run test:browser -- call page
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './test/support.mjs';

/** Files in which nothing is asked of time, and little of media. */
const calm = ['access', 'comfort', 'data', 'devices', 'example', 'files', 'layout', 'look', 'sharing', 'talk'];

const cwd = fileURLToPath(new URL('test/', import.meta.url));
const all = readdirSync(cwd).filter((f) => f.endsWith('.test.mjs')).map((f) => f.replace('.test.mjs', ''));
const chosen = process.argv.slice(2);
for (const name of [...chosen, ...calm]) {
  if (!all.includes(name)) {
    throw new Error(`there is no test/${name}.test.mjs`);
  }
}
const wanted = all.filter((name) => chosen.length === 0 || chosen.includes(name));
const env = { ...process.env, SWITCHYARD_BIN: build() };

/** @param {string[]} names @param {number} beside how many run beside each other */
function passes(names, beside) {
  const files = names.map((name) => `${name}.test.mjs`);
  const args = ['--test', `--test-concurrency=${beside}`, ...files];
  return names.length === 0 || spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' }).status === 0;
}

const passed = [passes(wanted.filter((name) => calm.includes(name)), 2), passes(wanted.filter((name) => !calm.includes(name)), 1)];
process.exitCode = passed.every(Boolean) ? 0 : 1;
