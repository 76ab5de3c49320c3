// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linked } from '../../static/ui/links.js';

test('what becomes a link, in <>, and what does not', () => {
  for (const [text, want] of [
    ['', ''],
    ['no link', 'no link'],
    ['http://a.example', '<http://a.example>'],
    ['see https://a.example/x?y=1#z, and go', 'see <https://a.example/x?y=1#z>, and go'],
    ['HTTPS://A.example!', '<HTTPS://A.example>!'],
    ['(https://a.example/x)', '(<https://a.example/x>)'],
    ['https://a.example/x_(y)', '<https://a.example/x_(y)>'],
    [`https://a.example/${')'.repeat(3900)}`, `<https://a.example/>${')'.repeat(3900)}`],
    ['https://a.example https://b.example', '<https://a.example> <https://b.example>'],
    ['https://회의.example/방', '<https://회의.example/방>'],
    ['https://a.example/"onmouseover="alert(1)', '<https://a.example/>"onmouseover="alert(1)'],
    ['https://a.example/\u202egpj.exe', '<https://a.example/>\u202egpj.exe'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['data:text/html,x', 'data:text/html,x'],
    ['javascript://https://x', 'javascript://<https://x>'],
    ['https://bank.example@evil.example/', 'https://bank.example@evil.example/'],
    ['https://', 'https://'],
    ['http://[', 'http://['],
    ['xhttps://a.example', 'xhttps://a.example'],
  ]) {
    const pieces = linked(text);
    assert.equal(pieces.map((p) => (typeof p === 'string' ? p : `<${p.text}>`)).join(''), want);
    for (const p of pieces) {
      assert.ok(typeof p === 'string' || /^https?:\/\//.test(p.href), text);
    }
  }
});
