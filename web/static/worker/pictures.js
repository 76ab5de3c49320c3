// @ts-check
// The backgrounds that the page has drawn itself.

const [width, height] = [1280, 720];

/** @typedef {OffscreenCanvasRenderingContext2D} Context */

/** @type {Record<string, (c: Context) => void>} */
const pictures = { dusk, paper, woods };

/**
 * @param {string} choice
 * @returns {OffscreenCanvas|null} null for one that is no picture of the page
 */
export function picture(choice) {
  if (!Object.hasOwn(pictures, choice)) {
    return null;
  }
  const canvas = new OffscreenCanvas(width, height);
  const c = /** @type {Context} */ (canvas.getContext('2d'));
  pictures[choice](c);
  return canvas;
}

/**
 * @param {Context} c
 * @param {...string} colours from the top to the bottom
 */
function wash(c, ...colours) {
  const g = c.createLinearGradient(0, 0, 0, height);
  colours.forEach((colour, i) => g.addColorStop(i / (colours.length - 1), colour));
  c.fillStyle = g;
  c.fillRect(0, 0, width, height);
}

/**
 * A soft round light.
 * @param {Context} c
 * @param {string} colour in six digits
 * @param {[number, number, number]} place and radius
 */
function glow(c, colour, [x, y, r]) {
  const g = c.createRadialGradient(x, y, r * 0.2, x, y, r);
  g.addColorStop(0, colour);
  g.addColorStop(1, `${colour}00`);
  c.fillStyle = g;
  c.fillRect(x - r, y - r, 2 * r, 2 * r);
}

/** An evening over hills. @param {Context} c */
function dusk(c) {
  wash(c, '#2b2f5b', '#7a4a7f', '#d9707a', '#f3a66b', '#f6c58a');
  glow(c, '#ffe2b0', [880, 470, 300]);
  [['#6b4270', 500, 46, 0.0052], ['#4a335f', 560, 38, 0.0071], ['#2c2748', 630, 30, 0.0093]].forEach(([colour, top, high, wave], i) => {
    c.fillStyle = String(colour);
    c.beginPath();
    c.moveTo(0, height);
    for (let x = 0; x <= width; x += 8) {
      c.lineTo(x, Number(top) + Number(high) * Math.sin(x * Number(wave) + 1.7 * i) + 9 * Math.sin(x * 0.023 + i));
    }
    c.lineTo(width, height);
    c.fill();
  });
}

/** A sheet of paper with the tracks of a switchyard. @param {Context} c */
function paper(c) {
  wash(c, '#f4f1ea', '#e9e4d9', '#ddd6c8');
  c.lineWidth = 10;
  c.lineCap = 'round';
  for (let i = 0; i < 7; i++) {
    c.strokeStyle = i % 3 === 1 ? '#2fbf7166' : '#8a857a44';
    const y = 90 + i * 90;
    c.beginPath();
    c.moveTo(-20, y);
    c.lineTo(300 + i * 60, y);
    c.bezierCurveTo(440 + i * 60, y, 420 + i * 60, y + 90, 560 + i * 60, y + 90);
    c.lineTo(width + 20, y + 90);
    c.moveTo(300 + i * 60, y);
    c.lineTo(width + 20, y);
    c.stroke();
  }
}

/** Light through leaves, out of focus. @param {Context} c */
function woods(c) {
  wash(c, '#5d8a5a', '#3f6f4c', '#26503b', '#1b3a2e');
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647; // always the same
  for (let i = 0; i < 60; i++) {
    glow(c, ['#9cc97a', '#6fae6b', '#d7e8a0', '#4b8a5a'][i % 4], [chance() * width, chance() * chance() * height, 40 + chance() * 110]);
  }
}
