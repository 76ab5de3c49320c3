// @ts-check
// QR codes (ISO/IEC 18004) of bytes, with error correction L: what a screen shows
// is not scratched, and fewer modules are larger ones.

/** Check bytes in each block, by version less 1. */
const checks = [
  7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
  28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
];
/** Blocks, by version less 1. */
const blocks = [
  1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8,
  8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25,
];

/** Whether a mask inverts column x of row y. @type {((x: number, y: number) => boolean)[]} */
const masks = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Powers of 2 in the field of 256 elements, and their logarithms. */
const powers = new Uint8Array(255);
const logs = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  powers[i] = x;
  logs[x] = i;
  x = (x << 1) ^ (x > 127 ? 0x11d : 0);
}
const times = (/** @type {number} */ a, /** @type {number} */ b) => (a && b ? powers[(logs[a] + logs[b]) % 255] : 0);

/** @typedef {boolean[][]} Modules rows from the top, true is dark */

/**
 * @param {string} text
 * @returns {Modules} without the light margin of 4 modules that has to be around
 * @throws {RangeError} if it is longer than a code can hold
 */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = checks.findIndex((_, i) => bytes.length + (i < 9 ? 2 : 3) <= dataBytes(i + 1)) + 1;
  if (version === 0) {
    throw new RangeError(`${bytes.length} bytes do not fit into a QR code`);
  }
  const words = interleaved(padded(bytes, version), version);
  const fixed = patterns(version);
  const free = zigzag(fixed);
  const candidates = masks.map((mask, number) => {
    const m = fixed.map((row) => row.map(Boolean));
    free.forEach(([x, y], i) => {
      m[y][x] = Boolean((words[i >> 3] >> (7 - (i & 7))) & 1) !== mask(x, y);
    });
    format(m, number);
    return { m, cost: penalty(m) };
  });
  return candidates.reduce((a, b) => (b.cost < a.cost ? b : a)).m;
}

/** @param {number} version @returns {number} of modules that carry data or checks */
function room(version) {
  const n = Math.floor(version / 7) + 2; // alignment patterns on each side
  const aligned = version > 1 ? (25 * n - 10) * n - 55 : 0;
  return (16 * version + 128) * version + 64 - aligned - (version > 6 ? 36 : 0);
}

const dataBytes = (/** @type {number} */ version) => (room(version) >> 3) - checks[version - 1] * blocks[version - 1];

/**
 * @param {Uint8Array} bytes
 * @param {number} version
 * @returns {number[]} bytes with their header, filled up
 */
function padded(bytes, version) {
  const length = version < 10 ? [bytes.length] : [bytes.length >> 8, bytes.length & 255];
  const all = [4, ...[...length, ...bytes].flatMap((b) => [b >> 4, b & 15]), 0]; // four bits each
  const words = Array.from({ length: all.length >> 1 }, (_, i) => (all[2 * i] << 4) | all[2 * i + 1]);
  for (let fill = 0xec; words.length < dataBytes(version); fill ^= 0xfd) {
    words.push(fill);
  }
  return words;
}

/**
 * @param {number[]} data
 * @param {number} version
 * @returns {number[]} the blocks' data by turns, then their checks
 */
function interleaved(data, version) {
  const [count, length] = [blocks[version - 1], checks[version - 1]];
  const short = Math.floor(data.length / count);
  const firstLong = count - (data.length % count);
  let at = 0;
  const parts = Array.from({ length: count }, (_, i) => data.slice(at, (at += short + (i < firstLong ? 0 : 1))));
  const sums = parts.map((part) => remainder(part, length));
  const turns = (/** @type {number[][]} */ list, /** @type {number} */ n) =>
    Array.from({ length: n }, (_, i) => list.flatMap((b) => (i < b.length ? [b[i]] : []))).flat();
  return [...turns(parts, short + 1), ...turns(sums, length)];
}

/**
 * @param {number[]} data
 * @param {number} length of the check bytes
 * @returns {number[]} the check bytes (Reed-Solomon)
 */
function remainder(data, length) {
  const divisor = [1]; // the product of (x - 2^i), the highest power first
  for (let i = 0; i < length; i++) {
    divisor.push(0);
    for (let j = divisor.length - 1; j > 0; j--) {
      divisor[j] ^= times(divisor[j - 1], powers[i]);
    }
  }
  const rest = /** @type {number[]} */ (new Array(length).fill(0));
  for (const b of data) {
    const factor = b ^ /** @type {number} */ (rest.shift());
    rest.push(0);
    divisor.slice(1).forEach((d, i) => (rest[i] ^= times(d, factor)));
  }
  return rest;
}

/**
 * @param {number} version
 * @returns {(boolean|undefined)[][]} what every code of the version has, undefined elsewhere
 */
function patterns(version) {
  const size = 17 + 4 * version;
  /** @type {(boolean|undefined)[][]} */
  const m = Array.from({ length: size }, () => new Array(size).fill(undefined));
  for (let i = 0; i < size; i++) {
    m[6][i] = m[i][6] = i % 2 === 0;
  }
  /** Rings round a centre. @param {number} cx @param {number} cy @param {number} r @param {number[]} light */
  const rings = (cx, cy, r, light) => {
    for (let y = Math.max(0, cy - r); y <= Math.min(size - 1, cy + r); y++) {
      for (let x = Math.max(0, cx - r); x <= Math.min(size - 1, cx + r); x++) {
        m[y][x] = !light.includes(Math.max(Math.abs(x - cx), Math.abs(y - cy)));
      }
    }
  };
  const lines = alignment(version, size);
  const last = lines.length - 1;
  lines.forEach((x, i) => lines.forEach((y, j) => {
    const corner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
    corner || rings(x, y, 2, [1]);
  }));
  rings(3, 3, 4, [2, 4]);
  rings(size - 4, 3, 4, [2, 4]);
  rings(3, size - 4, 4, [2, 4]);
  format(m, 0); // its place is taken; the mask is not known yet
  if (version > 6) {
    const bits = protectedBits(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      m[a][b] = m[b][a] = Boolean((bits >> i) & 1);
    }
  }
  return m;
}

/** @param {number} version @param {number} size @returns {number[]} centres of alignment patterns on either axis */
function alignment(version, size) {
  if (version === 1) {
    return [];
  }
  const n = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((4 * version + 4) / (2 * n - 2)) * 2;
  return [6, ...Array.from({ length: n - 1 }, (_, i) => size - 7 - step * (n - 2 - i))];
}

/** @param {number} value @param {number} count of bits that protect it @param {number} divisor */
function protectedBits(value, count, divisor) {
  let rest = value;
  for (let i = 0; i < count; i++) {
    rest = (rest << 1) ^ ((rest >> (count - 1)) * divisor);
  }
  return (value << count) | rest;
}

/** Writes, twice, which mask is used. @param {(boolean|undefined)[][]} m @param {number} mask */
function format(m, mask) {
  const bits = protectedBits(8 | mask, 10, 0x537) ^ 0x5412;
  const size = m.length;
  for (let i = 0; i < 15; i++) {
    const on = Boolean((bits >> i) & 1);
    const [x, y] = i < 8 ? [8, i < 6 ? i : i + 1] : [i < 9 ? 7 : 14 - i, 8];
    m[y][x] = on;
    const [u, v] = i < 8 ? [size - 1 - i, 8] : [8, size - 15 + i];
    m[v][u] = on;
  }
  m[size - 8][8] = true;
}

/**
 * @param {(boolean|undefined)[][]} fixed
 * @returns {[x: number, y: number][]} the free places in the order of bits
 */
function zigzag(fixed) {
  const size = fixed.length;
  /** @type {[number, number][]} */
  const list = [];
  let up = true;
  for (let right = size - 1; right > 0; right -= 2, up = !up) {
    right -= right === 6 ? 1 : 0; // the column of the timing pattern
    for (let i = 0; i < size; i++) {
      const y = up ? size - 1 - i : i;
      for (const x of [right, right - 1]) {
        if (fixed[y][x] === undefined) {
          list.push([x, y]);
        }
      }
    }
  }
  return list;
}

/** @param {Modules} m @returns {number} how hard it is to read: runs, squares, what looks like a corner, imbalance */
function penalty(m) {
  const size = m.length;
  let cost = 0;
  let dark = 0;
  const rows = m.map((row) => row.map(Number).join(''));
  const columns = m.map((_, x) => m.map((row) => Number(row[x])).join(''));
  for (const line of [...rows, ...columns]) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) {
      cost += run.length - 2;
    }
    cost += 40 * [...line.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  m.forEach((row, y) => row.forEach((on, x) => {
    dark += Number(on);
    if (y > 0 && x > 0 && on === row[x - 1] && on === m[y - 1][x] && on === m[y - 1][x - 1]) {
      cost += 3;
    }
  }));
  return cost + 10 * Math.floor(Math.abs((20 * dark) / (size * size) - 10));
}
