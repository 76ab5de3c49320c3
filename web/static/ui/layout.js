// @ts-check

/** @typedef {'auto'|'grid'|'speaker'|'sidebar'|'presentation'} Mode what the visitor chose */
/** @typedef {'grid'|'speaker'|'sidebar'|'presentation'} Shape what that comes to now */

/**
 * @typedef {object} Place of a tile, in pixels of the page from the stage's corner
 * @property {string} key
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {boolean} main the large one
 */

/**
 * @typedef {object} Plan
 * @property {Shape} shape
 * @property {Place[]} places of the tiles that are shown
 * @property {number} page that is shown, from 0
 * @property {number} pages 1 at least
 * @property {number} each tiles on a page, the main one not counted
 */

/**
 * @typedef {object} Scene
 * @property {number} w of the stage, in pixels of the page
 * @property {number} h
 * @property {Shape} shape
 * @property {string[]} keys of the tiles in their order, without the main one
 * @property {string|null} main key of the tile that is large; grids have none
 * @property {boolean} [whole] nothing of the main tile may be cut off: it takes all room there is
 * @property {number} page that is wanted, from 0
 * @property {boolean} [rtl]
 */

/** Height over width of a tile: cameras are wide; on tall stages they may stand, with their sides cut off. */
const wide = 9 / 16;
const tall = 1.2;
/** Tiles on a page at most. */
const most = 25;
const mostOnPhone = 8;
/** Nobody is recognised in a tile that is narrower. */
const narrowest = 104;
/** Height of the row with the buttons that turn pages. */
export const pagerHeight = 52;

/** @param {{w: number, h: number}} s */
const isPhone = ({ w, h }) => w < 600 || h < 320;
/** @param {{w: number}} s */
const gapOf = ({ w }) => (w < 640 ? 6 : 8);

/**
 * Says where each tile stands, and which tiles are on the page that is shown.
 * It is a pure function, so a stage can be planned without a browser.
 *
 * Each layout gives its tiles an area that is divided into equal cells; all but
 * the grid have a main tile beside it.
 *
 * @param {Scene} s
 * @returns {Plan}
 */
export function layout(s) {
  const gap = gapOf(s);
  if (s.w <= 0 || s.h <= 0) {
    return { shape: s.shape, places: [], page: 0, pages: 1, each: most };
  }
  let area = areas(s, gap, s.h);
  let each = capacity(s, area.rest, gap);
  if (s.keys.length > each) {
    area = areas(s, gap, s.h - pagerHeight);
    each = capacity(s, area.rest, gap);
  }
  const pages = Math.max(1, Math.ceil(s.keys.length / each));
  const page = Math.min(Math.max(0, s.page), pages - 1);
  const keys = s.keys.slice(page * each, (page + 1) * each);
  // A page that is not full has tiles of the size of the others.
  const places = cells(keys, area.rest, gap, pages > 1 && s.shape === 'grid' ? each : keys.length);
  if (s.main !== null && s.shape !== 'grid') {
    places.unshift(mainPlace(s.main, keys.length > 0 || pages > 1 ? area.main : { x: 0, y: 0, w: s.w, h: s.h }, s.whole === true));
  }
  if (s.rtl) {
    for (const p of places) {
      p.x = s.w - p.x - p.w;
    }
  }
  return { shape: s.shape, places, page, pages, each };
}

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Area
 * @typedef {Area & {rows?: number, columns?: number}} Rest with the cells that it is to have, or free
 */

/**
 * Divides the stage between the main tile and the others.
 * @param {Scene} s
 * @param {number} gap
 * @param {number} h height that is there
 * @returns {{main: Area, rest: Rest}}
 */
function areas(s, gap, h) {
  const { w } = s;
  const all = { x: 0, y: 0, w, h };
  if (s.shape === 'grid' || s.main === null) {
    return { main: all, rest: all };
  }
  const stands = h > w;
  if (s.shape === 'presentation' && stands) {
    const big = Math.round(Math.min(h * 0.6, w));
    return { main: { ...all, h: big }, rest: { x: 0, y: big + gap, w, h: h - big - gap } };
  }
  if (s.shape === 'speaker' || stands) {
    // On a phone there are still three beside each other.
    const high = Math.floor(Math.min(140, Math.max(64, h * 0.2), ((w - 2 * gap) / 3) * wide));
    const columns = Math.max(1, Math.floor((w + gap) / (high / wide + gap)));
    const above = s.shape === 'speaker';
    return {
      main: { ...all, y: above ? high + gap : 0, h: h - high - gap },
      rest: { x: 0, y: above ? 0 : h - high, w, h: high, rows: 1, columns },
    };
  }
  const across = Math.round(Math.min(240, Math.max(136, w * 0.2)));
  const rows = Math.max(1, Math.floor((h + gap) / (across * wide + gap)));
  return {
    main: { ...all, w: w - across - gap },
    rest: { x: w - across, y: 0, w: across, h, rows, columns: 1 },
  };
}

/**
 * @param {Scene} s
 * @param {Rest} area
 * @param {number} gap
 * @returns {number} tiles that it can show at once
 */
function capacity(s, area, gap) {
  const limit = (isPhone(s) ? mostOnPhone : most) - (s.shape === 'grid' ? 0 : 1);
  if (area.rows && area.columns) {
    return Math.max(1, Math.min(limit, area.rows * area.columns));
  }
  let n = limit;
  while (n > 1 && best(n, area, gap).w < narrowest) {
    n--;
  }
  return n;
}

/**
 * The division of an area into cells in which n tiles have the most pixels.
 * @param {number} n
 * @param {Area} area
 * @param {number} gap
 */
function best(n, area, gap) {
  let found = { columns: 1, rows: Math.max(1, n), w: 0, h: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    if (rows > 1 && Math.ceil(n / rows) < columns) {
      continue; // the same rows, with a column that is empty
    }
    const size = fit((area.w - (columns - 1) * gap) / columns, (area.h - (rows - 1) * gap) / rows, area.h > area.w);
    if (size.w * size.h > found.w * found.h) {
      found = { columns, rows, ...size };
    }
  }
  return found;
}

/**
 * @param {number} w of the cell
 * @param {number} h
 * @param {boolean} stands on a stage that is taller than wide
 * @returns {{w: number, h: number}} of the largest tile in it, in whole pixels
 */
function fit(w, h, stands) {
  const across = Math.max(0, Math.floor(Math.min(w, h / wide)));
  return { w: across, h: Math.max(0, Math.floor(Math.min(h, across * (stands ? tall : wide)))) };
}

/**
 * Places tiles in the cells of an area, row by row, each row centred.
 * @param {string[]} keys
 * @param {Rest} area
 * @param {number} gap
 * @param {number} n tiles to leave room for
 * @returns {Place[]}
 */
function cells(keys, area, gap, n) {
  if (keys.length === 0) {
    return [];
  }
  const { columns, w, h } = area.rows && area.columns
    ? { columns: area.rows === 1 ? keys.length : 1, ...strip(area, gap) } : best(n, area, gap);
  const rows = Math.ceil(keys.length / columns);
  const top = area.columns === 1 && area.rows ? area.y : area.y + (area.h - rows * h - (rows - 1) * gap) / 2;
  return keys.map((key, i) => {
    const row = Math.floor(i / columns);
    const inRow = Math.min(columns, keys.length - row * columns);
    const left = area.x + (area.w - inRow * w - (inRow - 1) * gap) / 2;
    return {
      key, w, h, main: false,
      x: Math.round(left + (i - row * columns) * (w + gap)), y: Math.round(top + row * (h + gap)),
    };
  });
}

/**
 * @param {Rest} area
 * @param {number} gap
 * @returns {{w: number, h: number}} of a tile in a single row or column
 */
function strip(area, gap) {
  const columns = area.columns ?? 1;
  return fit((area.w - (columns - 1) * gap) / columns, area.rows === 1 ? area.h : area.w * wide, false);
}

/**
 * @param {string} key
 * @param {Area} area
 * @param {boolean} whole
 * @returns {Place}
 */
function mainPlace(key, area, whole) {
  const size = whole ? { w: Math.floor(area.w), h: Math.floor(area.h) } : fit(area.w, area.h, area.h > area.w);
  return {
    key, ...size, main: true,
    x: Math.round(area.x + (area.w - size.w) / 2), y: Math.round(area.y + (area.h - size.h) / 2),
  };
}

/**
 * What a chosen layout comes to, and which tile is large in it.
 *
 * @param {Mode} mode
 * @param {object} facts keys of tiles, each null if there is none
 * @param {string|null} facts.pinned by the visitor
 * @param {string|null} facts.spotlight of the room
 * @param {string|null} facts.screen the newest one that is shared
 * @param {string|null} facts.speaker who has the floor
 * @returns {{shape: Shape, main: string|null}}
 */
export function resolve(mode, { pinned, spotlight, screen, speaker }) {
  const meant = pinned ?? spotlight;
  switch (mode) {
    case 'grid':
    case 'auto':
      if (meant !== null) {
        return { shape: 'sidebar', main: meant };
      }
      return mode === 'auto' && screen !== null ? { shape: 'presentation', main: screen } : { shape: 'grid', main: null };
    case 'presentation':
      return { shape: 'presentation', main: meant ?? screen ?? speaker };
    default:
      return { shape: mode, main: meant ?? speaker ?? screen };
  }
}
