// @ts-check
// What the page weighs on its way to a real browser, how soon it can be used, and
// that its sense has been left alone.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import ts from 'typescript';
import { cleanUp, errorsOfPages, open, startBrowser, startServer } from './support.mjs';
/** @import {Page} from 'playwright-core' */

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
const files = new URL('../static/', import.meta.url);

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(cleanUp);

/** What may be fetched for a screen: bytes as sent, and how many files. */
const budget = { bytes: 80_000, requests: 90 };

/** @type {[string, string, (p: Page) => import('playwright-core').Locator][]} */
const screens = [
  ['home', '/', (p) => p.getByRole('button', { name: 'New meeting' })],
  ['the lobby', '/?room=weight', (p) => p.getByRole('button', { name: 'Join now' })],
  ['a room', '/?room=weight&name=Ana&join', (p) => p.getByRole('button', { name: 'Leave' })],
];

for (const [name, path, ready] of screens) {
  test(`${name} is light, and there within a second`, async (t) => {
    /** @type {number[]} */
    const times = [];
    for (let i = 0; i < 3; i++) { // the first one warms the browser and the server
      const page = await open(browser, server.url + path);
      await ready(page).waitFor();
      await ready(page).click({ trial: true }); // it can be pressed
      times.push(await page.evaluate(() => performance.now()));
      if (i === 2) {
        const { bytes, list, links } = await page.evaluate(() => {
          const all = /** @type {PerformanceResourceTiming[]} */ ([
            ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource'),
          ].filter((e) => !e.name.includes('/socket.io/') && !e.name.endsWith('/visitor')));
          return {
            bytes: all.reduce((n, e) => n + e.encodedBodySize, 0),
            list: all.map((e) => new URL(e.name).pathname).filter((p) => p.endsWith('.js')).sort(),
            links: [...document.querySelectorAll('link[rel=modulepreload]')].map((l) => l.getAttribute('href')),
          };
        });
        t.diagnostic(`${bytes} bytes in ${list.length} modules, usable after ${times.map(Math.round)} ms`);
        assert.ok(bytes > 10_000 && bytes <= budget.bytes, `${bytes} bytes`);
        assert.ok(list.length <= budget.requests, `${list.length} modules`);
        assert.deepEqual(list, ['/ui/main.js', ...links].sort(), 'the head of the page names every module that is needed, each is fetched once');
      }
      await page.close();
    }
    assert.ok(Math.min(...times) < 1000, `usable after ${times} ms`);
  });
}

test('each module means the same', async () => {
  const modules = (await readdir(files, { recursive: true })).filter((f) => f.endsWith('.js') && !f.includes('vendor/'));
  assert.ok(modules.length > 30);
  for (const path of modules) {
    const [source, sent] = [await readFile(new URL(path, files), 'utf8'), await (await fetch(`${server.url}/${path}`)).text()];
    assert.ok(sent.length < source.length, `${path} is stripped`);
    assert.deepEqual(tree(path, sent), tree(path, source), path);
  }
});

/** @param {string} path @param {string} text @returns {string[]} what a compiler reads in it, and does not */
function tree(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const list = /** @type {{parseDiagnostics: ts.Diagnostic[]}} */ (/** @type {unknown} */ (file)).parseDiagnostics
    .map((d) => `error: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
  /** @param {ts.Node} node @param {string} indent */
  const visit = (node, indent) => {
    const said = ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node);
    list.push(`${indent}${ts.SyntaxKind[node.kind]} ${said ? node.getText() : ''}`);
    ts.forEachChild(node, (n) => visit(n, `${indent} `));
  };
  visit(file, '');
  return list;
}

test('each style sheet says the same', async () => {
  const sheets = (await readdir(files, { recursive: true })).filter((f) => f.endsWith('.css'));
  const page = await open(browser, server.url);
  for (const path of sheets) {
    const [source, sent] = [await readFile(new URL(path, files), 'utf8'), await (await fetch(`${server.url}/${path}`)).text()];
    const [want, got] = await page.evaluate((texts) => texts.map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return [...sheet.cssRules].map((r) => r.cssText);
    }), [source, sent]);
    assert.deepEqual(got.map(plain), want.map(plain), path);
  }
  await page.close();
});

/**
 * A rule in one of the ways in which it may be written: browsers keep the spaces of
 * values that have var() in them.
 * @param {string} rule
 */
const plain = (rule) => rule.replace(/\s*,\s*/g, ',').replace('background: 0px 0px;', 'background: transparent;');

test('no page has reported an error', () => assert.deepEqual(errorsOfPages(), []));
