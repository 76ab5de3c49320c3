// @ts-check
import { diagnostics } from './diagnostics.js';
import { openDialog } from './dialog.js';
import { h, setText } from './dom.js';
import { t } from './i18n.js';
import { pathRow, trackRows } from './statistics.js';
/** @import {Context} from './call.js' */
/** @import {Dialog} from './dialog.js' */
/** @import {Report, TrackRow} from './statistics.js' */

/** Milliseconds between two looks. */
const every = 1000;
const columns = ['track', 'codec', 'size', 'layer', 'rate', 'loss', 'rtt', 'buffer'];

/**
 * Shows how each track fares, once a second, beside the call.
 * @param {Context} ctx
 * @param {() => void} onclose
 * @returns {Dialog}
 */
export function openStats(ctx, onclose) {
  const { room } = ctx;
  const path = h('p', { class: 'stats-path' });
  const body = h('tbody', {});
  const copy = copyButton(ctx);
  /** @type {Report|null} */
  let before = null;
  const look = async () => {
    if (!room.pc) {
      return;
    }
    const now = /** @type {Report} */ (/** @type {unknown} */ (await room.pc.getStats()));
    setText(path, pathText(pathRow(now)));
    drawRows(body, trackRows(now, before).map((row) => cells(ctx, row)));
    before = now;
  };
  const timer = setInterval(look, every);
  look();
  const table = h('div', { class: 'stats-scroll', tabindex: 0, role: 'region', 'aria-label': t('stats.tracks') },
    h('table', { class: 'stats' },
      h('thead', {}, h('tr', {}, ...columns.map((c) => h('th', { scope: 'col' }, t(`stats.${c}`))))), body));
  return openDialog({
    title: t('toolbar.stats'), modal: false, class: 'stats-dialog', body: h('div', { class: 'fields' }, path, table, copy),
    onclose: () => {
      clearInterval(timer);
      onclose();
    },
  });
}

/**
 * Copies what helps to find out what is wrong; where there is no clipboard it is
 * shown, to be copied by hand.
 * @param {Context} ctx
 */
function copyButton(ctx) {
  const shown = h('textarea', { class: 'stats-json', rows: 4, readonly: true, hidden: true, 'aria-label': t('stats.diagnostics') });
  const said = h('span', { role: 'status' });
  const press = async () => {
    const text = JSON.stringify(await diagnostics(ctx), null, 2);
    const copied = await (navigator.clipboard?.writeText(text).then(() => true, () => false) ?? false);
    setText(said, copied ? t('stats.copied') : '');
    shown.hidden = copied;
    shown.value = text;
    if (!copied) {
      shown.select();
    }
  };
  return h('div', { class: 'fields' },
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: press }, t('stats.copy')), said), shown);
}

/** @param {import('./statistics.js').PathRow} row */
function pathText({ path, rtt, outgoing }) {
  return [
    t('stats.path', { path: path || '–', server: location.host }),
    rtt !== null && t('stats.pathRtt', { n: Math.round(rtt) }),
    outgoing !== null && t('stats.outgoing', { n: Math.round(outgoing) }),
  ].filter(Boolean).join(' · ');
}

/**
 * @param {Context} ctx
 * @param {TrackRow} row
 * @returns {string[]}
 */
function cells({ room }, row) {
  const slot = row.direction === 'in' ? room.slots.find((s) => s.transceiver.mid === row.mid) : undefined;
  const p = room.publications.find((p) => p.id === slot?.publication);
  const source = row.direction === 'in' ? p?.source : room.locals.find((l) => l.transceiver?.mid === row.mid)?.source;
  const name = row.direction === 'in' ? room.members.find((m) => m.id === p?.member)?.name ?? '–' : t('stats.own');
  const n = (/** @type {number|null} */ v, digits = 0) => (v === null ? '–' : v.toFixed(digits));
  return [
    `${name} · ${t(`source.${source ?? 'other'}`)}`, row.codec, row.size || '–', row.layer || slot?.rid || '–', n(row.kbps),
    row.loss === null ? '–' : `${n(100 * row.loss, 1)} %`, n(row.rtt), n(row.buffer),
  ];
}

/**
 * Draws into the rows that there are, so that a selection and the place that was
 * scrolled to stay.
 * @param {HTMLElement} body
 * @param {string[][]} rows
 */
function drawRows(body, rows) {
  while (body.childElementCount > rows.length) {
    body.lastElementChild?.remove();
  }
  rows.forEach((row, i) => {
    if (!body.children[i]) {
      body.append(h('tr', {}, ...row.map((_, n) => (n === 0 ? h('th', { scope: 'row' }) : h('td', {})))));
    }
    row.forEach((text, n) => setText(body.children[i].children[n], text));
  });
}
