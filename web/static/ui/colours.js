// @ts-check

/** Hues that the eye tells apart, in degrees around the circle of colours. */
const hues = 12;
/** Saturation and lightness of all of them; white letters are read on each. */
const shades = ['45% 32%', '18% 38%'];

/**
 * Colours gives each member a colour that stays its own. Which one follows from its
 * id, so that all pages give the same; another member who has it already has it
 * first, so that no two have the same as long as there are others.
 */
export class Colours {
  /** Places in {@link all}, by member. @type {Map<string, number>} */
  #given = new Map();

  /** @param {string[]} ids of those who are there, in the order of joining */
  take(ids) {
    for (const id of this.#given.keys()) {
      if (!ids.includes(id)) {
        this.#given.delete(id);
      }
    }
    const used = new Set(this.#given.values());
    for (const id of ids) {
      if (!this.#given.has(id)) {
        const n = wishes(id).find((w) => !used.has(w)) ?? wishes(id)[0];
        this.#given.set(id, n);
        used.add(n);
      }
    }
  }

  /** @param {string} id of a member @returns {string} as style sheets have it */
  of(id) {
    return all[this.#given.get(id) ?? wishes(id)[0]];
  }
}

/** What there is, all hues of a shade after the other's. */
export const all = shades.flatMap((shade) => Array.from({ length: hues }, (_, i) => `hsl(${(i * 360) / hues} ${shade})`));

/** @param {string} id @returns {number[]} places in {@link all}, the most wanted first */
function wishes(id) {
  let sum = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    sum = Math.imul(sum ^ id.charCodeAt(i), 0x01000193);
  }
  const first = (sum >>> 8) % hues;
  // Steps of five hues lead to all twelve, and from each to one that is far from it.
  return all.map((_, i) => Math.floor(i / hues) * hues + ((first + i * 5) % hues));
}
