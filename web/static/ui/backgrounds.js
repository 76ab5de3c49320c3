// @ts-check

/**
 * What is behind the person in the camera's picture. `own` is a picture of the
 * visitor's; the others but `none` and the blurs are drawn by the page.
 * @typedef {'none'|'slight'|'blur'|'dusk'|'paper'|'woods'|'own'} Choice
 */

/** In the order of the list. @type {Choice[]} */
export const choices = ['none', 'slight', 'blur', 'dusk', 'paper', 'woods', 'own'];

/**
 * Reads what was chosen in an earlier visit.
 * @param {unknown} kept
 * @param {boolean} own whether there is a picture of the visitor's
 * @returns {Choice}
 */
export const choiceOf = (kept, own) => choices.find((c) => c === kept && (own || c !== 'own')) ?? 'none';
