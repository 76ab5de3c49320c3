// @ts-check
// Draws the charts of a report. Without them the page still has every number.

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} [legend] in place of the label, empty for no entry
 * @property {[number, number][]} points rising in x
 * @property {string} color a custom property of page.css, without its dashes
 * @property {number[]} [dash]
 * @property {boolean} [stepped] a value is about the time since the point before
 * @property {boolean} [dots] points alone, no line
 * @property {boolean} [filled]
 */
/**
 * @typedef {object} Chart
 * @property {Line[]} lines
 * @property {string} x what the axis below says
 * @property {(v: number) => string} showX
 * @property {(v: number) => string} showY
 * @property {boolean} [logX]
 * @property {boolean} [logY]
 * @property {number} [top] of the y axis; if absent, a tenth above the highest
 * @property {[string, number, number][]} [marks] text at a point
 */

const root = document.documentElement;
const report = JSON.parse(/** @type {HTMLElement} */ (document.getElementById('report')).textContent ?? '');
const runs = shownRuns(report);
const colors = ['accent', 'second', 'third', 'fourth', 'fifth'];
const dashes = [undefined, [8, 4], [2, 3]];

/** The runs that the charts are about; page.go chooses the same. */
function shownRuns({ kind, result }) {
  if (kind === 'forward-runs') return result.runs;
  if (kind !== 'maximum') return [result];
  return [(result.steps[result.best] ?? result.steps.at(-1)).result];
}

/** @param {number} v */
function number(v) {
  const digits = Math.abs(v) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return v.toLocaleString('en', digits);
}
/** Three digits, as in the tables. @param {number} v */
const exact = (v) => (v >= 100 || Number.isInteger(v) ? number(v) : v < 1 ? v.toFixed(3) : v.toPrecision(3));
/** @param {number} v */
const percent = (v) => `${number(v)} %`;
/** @param {number} i */
const runName = (i) => (runs.length > 1 ? `Run ${i + 1}` : '');

/** Each run has its own look. @param {number} i */
const look = (i) => ({ color: colors[i % colors.length], dash: dashes[Math.floor(i / colors.length) % dashes.length] });

/** @type {Record<string, () => Chart>} */
const charts = {
  delay: () => ({
    x: 'delay, ms', logX: true, top: 100, showX: (v) => `${exact(v)} ms`, showY: percent,
    lines: runs.map((r, i) => ({
      label: runName(i) || 'packets', filled: runs.length === 1, ...look(i),
      points: (r.delay_cdf ?? []).map(([ms, share]) => [Math.max(ms, 0.001), 100 * share]),
    })),
    marks: runs.length > 1 ? [] : [
      [`50 %: ${exact(runs[0].delay_ms.p50)} ms`, runs[0].delay_ms.p50, 50],
      [`99 %: ${exact(runs[0].delay_ms.p99)} ms`, runs[0].delay_ms.p99, 99],
    ],
  }),
  packets: () => ({
    x: 'seconds', showX: (v) => `${number(v)} s`, showY: number,
    lines: runs.map((r, i) => ({
      label: runName(i) || 'packets', stepped: true, filled: runs.length === 1, ...look(i),
      points: over(r, (p, took) => p.packets / took),
    })),
  }),
  cpu: () => ({
    x: 'seconds', showX: (v) => `${number(v)} s`, showY: exact,
    lines: [
      ...runs.filter((r) => r.server.cpu_cores > 0).map((r, i) => ({
        label: `server ${i + 1}`, legend: i ? '' : 'server', stepped: true, color: 'accent', points: over(r, (p) => p.server_cpu_cores ?? 0),
      })),
      ...runs.map((r, i) => ({
        label: `client ${i + 1}`, legend: i ? '' : 'client', stepped: true, color: 'second', dash: [6, 4], points: over(r, (p) => p.client_cpu_cores),
      })),
    ].map((l) => (runs.length > 1 ? l : { ...l, label: l.label.replace(/ 1$/, '') })),
  }),
  stepPackets: () => steps((r) => r.packets_out_per_second, number, [
    { label: 'wanted', color: 'second', dash: [4, 4], points: stepPoints((r) => (r.sink?.expected ?? r.expected) / r.seconds) },
  ]),
  stepLoss: () => steps((r) => (r.expected ? (100 * r.lost) / r.expected : 0), percent,
    allowed(100 * (report.result.max_loss ?? 0))),
  stepDelay: () => ({
    ...steps((r) => Math.max(r.delay_ms.p99, 0.001), (v) => `${exact(v)} ms`, allowed(report.result.max_delay_ms ?? 0)),
    logY: true,
  }),
};

/**
 * The timeline of a run as rates, from its start on.
 * @param {(p: any, seconds: number) => number} of
 * @returns {[number, number][]}
 */
function over(run, of) {
  let before = 0;
  /** @type {[number, number][]} */
  const points = (run.timeline ?? []).map((p) => {
    const value = of(p, p.seconds - before);
    before = p.seconds;
    return [Math.round(10 * p.seconds) / 10, value];
  });
  return points.length ? [[0, points[0][1]], ...points] : [];
}

/** A step's load; bitrates in Mb/s. */
const loadOf = (step) => (report.result.raise === 'bitrate' ? step.value / 1e6 : step.value);

/** @returns {[number, number][]} */
function stepPoints(of, keep = (_) => true) {
  return report.result.steps.filter(keep).map((s) => [loadOf(s), of(s.result)]).sort((a, b) => a[0] - b[0]);
}

/** @returns {Chart} */
function steps(of, showY, /** @type {Line[]} */ more) {
  const bitrate = report.result.raise === 'bitrate';
  return {
    x: bitrate ? 'Mb/s per video track' : report.result.raise, showX: (v) => number(v) + (bitrate ? ' Mb/s' : ''), showY,
    lines: [
      { label: '', color: 'quiet', points: stepPoints(of) },
      ...more,
      { label: 'carried', color: 'accent', dots: true, points: stepPoints(of, (s) => !s.why) },
      { label: 'too much', color: 'bad', dots: true, points: stepPoints(of, (s) => s.why) },
    ].filter((l) => l.points.length > 0),
  };
}

/** A line at what a step was allowed; older reports do not tell. @returns {Line[]} */
function allowed(most) {
  const loads = report.result.steps.map(loadOf);
  return most > 0
    ? [{ label: 'allowed', color: 'third', dash: [4, 4], points: [[Math.min(...loads), most], [Math.max(...loads), most]] }]
    : [];
}

/** Steps of 1, 2, 5 outside of a range, so that a logarithmic axis ends at a number. */
function logRange(min, max) {
  const nice = [1, 2, 5, 10].flatMap((m) => Array.from({ length: 12 }, (_, e) => m * 10 ** (e - 6))).sort((a, b) => a - b);
  return [nice.findLast((v) => v <= min * 0.999) ?? nice[0], nice.find((v) => v > max * 1.02) ?? max * 2];
}

/** The numbers on a logarithmic axis: 1, 2 and 5 of a decade where there is room. @param {boolean} across */
function logFilter(across) {
  return (u, list) => {
    const scale = u.scales[across ? 'x' : 'y'];
    const room = (across ? u.bbox.width : u.bbox.height) / devicePixelRatio / Math.log10(scale.max / scale.min);
    const digits = room > (across ? 100 : 60) ? ['1', '2', '5'] : ['1'];
    return list.map((v) => (v !== null && digits.includes(v.toExponential(0)[0]) ? v : null));
  };
}

/** @param {Line} l */
const named = (l) => l.legend ?? l.label;

/** @param {string} name */
const css = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

/** @param {Chart} c */
function axes(c) {
  const axis = { stroke: css('quiet'), grid: { stroke: css('grid'), width: 1 }, ticks: { stroke: css('line'), width: 1, size: 4 }, font: '12px system-ui, sans-serif' };
  const plain = (v) => (v === null ? '' : number(v));
  const values = (_, list) => list.map(plain);
  return [
    { ...axis, label: c.x, labelSize: 20, labelFont: axis.font, size: 32, space: c.logX ? 4 : 48, filter: c.logX ? logFilter(true) : undefined, values },
    { ...axis, size: 56, filter: c.logY ? logFilter(false) : undefined, values: (_, list) => list.map((v) => (v === null ? '' : c.showY === percent ? percent(v) : plain(v))) },
  ];
}

/** Writes the texts of marks beside their points. @param {Chart} c */
function drawMarks(u, c) {
  const ratio = devicePixelRatio;
  for (const [text, vx, vy] of c.marks ?? []) {
    if (!(vx > 0)) continue;
    const x = u.valToPos(vx, 'x', true), y = u.valToPos(vy, 'y', true);
    u.ctx.save();
    u.ctx.fillStyle = css('accent');
    u.ctx.beginPath();
    u.ctx.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
    u.ctx.fill();
    u.ctx.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    const width = u.ctx.measureText(text).width;
    const right = x + 10 * ratio + width < u.bbox.left + u.bbox.width;
    u.ctx.textAlign = right ? 'left' : 'right';
    u.ctx.textBaseline = 'top';
    u.ctx.fillStyle = css('text');
    u.ctx.strokeStyle = css('surface'); // keeps the text apart from the line
    u.ctx.lineWidth = 4 * ratio;
    u.ctx.lineJoin = 'round';
    u.ctx.strokeText(text, x + (right ? 10 : -10) * ratio, y + 6 * ratio);
    u.ctx.fillText(text, x + (right ? 10 : -10) * ratio, y + 6 * ratio);
    u.ctx.restore();
  }
}

/** The point of a line nearest to x. @param {Line} l @param {number} x */
const near = (l, x) => l.points.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best));

/** Says what is under the pointer. @param {Chart} c */
function readOut(u, c, /** @type {Element} */ out) {
  const i = u.cursor.idx;
  if (i === null || i === undefined) {
    out.textContent = '';
    return;
  }
  const x = u.data[0][i];
  const parts = c.lines.filter((l) => l.label && (!l.dots || near(l, x)[0] === x)).map((l) => {
    const name = c.lines.length > 1 ? `${l.label} ` : '';
    return name + c.showY(near(l, x)[1]);
  });
  out.textContent = `${c.showX(x)}: ${parts.join(', ')}`;
}

/** @param {Chart} c @param {HTMLElement} box */
function options(c, box, out) {
  const ends = (min, max) => {
    if (c.logX) return logRange(min, Math.max(max, ...(c.marks ?? []).map((m) => 1.8 * m[1]))); // room for the text
    const room = c.lines.some((l) => l.dots) ? 0.05 * (max - min || max) : 0;
    return min === max && !room ? [min - 1, max + 1] : [min - room, max + room];
  };
  const top = (min, max) => (c.logY ? logRange(min, max) : [0, c.top ?? (max > 0 ? max * 1.1 : 1)]);
  return {
    width: box.clientWidth, height: box.classList.contains('tall') ? 320 : 220,
    scales: {
      x: { time: false, distr: c.logX ? 3 : 1, range: (_, min, max) => ends(min, max) },
      y: { distr: c.logY ? 3 : 1, range: (_, min, max) => top(min, max) },
    },
    axes: axes(c),
    legend: { show: c.lines.filter(named).length > 1, live: false, markers: { width: 2 } },
    cursor: { y: false, drag: { x: false, y: false } },
    series: [{}, ...c.lines.map((l) => ({
      label: named(l), stroke: css(l.color), width: 2, dash: l.dash, spanGaps: true,
      fill: l.filled ? css('fill') : undefined,
      paths: l.dots ? () => null : l.stepped ? uPlot.paths.stepped({ align: -1 }) : undefined,
      points: l.dots ? { show: true, size: 8, fill: css(l.color) } : { show: l.points.length === 1, size: 8 },
    }))],
    hooks: { draw: [(u) => drawMarks(u, c)], setCursor: [(u) => readOut(u, c, out)] },
  };
}

/** @type {Map<HTMLElement, any>} */
const plots = new Map();

/** @param {HTMLElement} box */
function draw(box) {
  const c = charts[box.dataset.chart ?? '']();
  c.lines = c.lines.filter((l) => l.points.length > 0);
  plots.get(box)?.destroy();
  box.replaceChildren();
  if (c.lines.length === 0) {
    box.closest('figure')?.remove(); // an older report has no such figures
    return;
  }
  const out = document.createElement('div');
  out.className = 'readout';
  const data = uPlot.join(c.lines.map((l) => [l.points.map((p) => p[0]), l.points.map((p) => p[1])]));
  plots.set(box, new uPlot(options(c, box, out), data, box));
  box.querySelectorAll('.u-legend .u-series').forEach((entry, i) => entry.toggleAttribute('hidden', !named(c.lines[i])));
  box.append(out);
}

function drawAll() {
  for (const box of document.querySelectorAll('.chart')) draw(/** @type {HTMLElement} */ (box));
}

root.classList.add('drawn');
drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
for (const [event, on] of /** @type {[string, boolean][]} */ ([['beforeprint', true], ['afterprint', false]])) {
  addEventListener(event, () => {
    root.classList.toggle('print', on);
    drawAll();
    for (const [, u] of on ? plots : []) u.setSize({ width: 640, height: u.height });
  });
}
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const u = plots.get(/** @type {HTMLElement} */ (target));
    if (u && !root.classList.contains('print') && u.width !== contentRect.width) u.setSize({ width: contentRect.width, height: u.height });
  }
});
for (const box of plots.keys()) sizes.observe(box);
