// @ts-check
// Runs the tests in real browsers, one file at a time: most results are times, or
// depend on them. Some files can be named:
//
//	npm run test:browser -- call page
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './test/support.mjs';

const cwd = fileURLToPath(new URL('test/', import.meta.url));
const all = readdirSync(cwd).filter((f) => f.endsWith('.test.mjs')).map((f) => f.replace('.test.mjs', ''));
const chosen = process.argv.slice(2);
for (const name of chosen) {
  if (!all.includes(name)) {
    throw new Error(`there is no test/${name}.test.mjs`);
  }
}
const wanted = all.filter((name) => chosen.length === 0 || chosen.includes(name));
const env = { ...process.env, SWITCHYARD_BIN: build() };
const files = wanted.map((name) => `${name}.test.mjs`);
const r = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...files], { cwd, env, stdio: 'inherit' });
process.exitCode = r.status === 0 ? 0 : 1;
