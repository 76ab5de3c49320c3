// @ts-check

/** @typedef {{href: string, text: string}} Link */

/** What may be an address. Brackets, quotes and spaces end one. */
const candidate = /\bhttps?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
/** Closing brackets, each with the one that opens it. @type {Record<string, string>} */
const opens = { ')': '(', ']': '[', '}': '{' };

/**
 * Finds addresses in a text. Only such of http and https become links, without a
 * name or password in them, which would only hide where they lead.
 * @param {string} text
 * @returns {(string|Link)[]} the same text in pieces
 */
export function linked(text) {
  /** @type {(string|Link)[]} */
  const out = [];
  let from = 0;
  for (const found of text.matchAll(candidate)) {
    const shown = trimmed(found[0]);
    const href = address(shown);
    if (!href) {
      continue;
    }
    if (found.index > from) {
      out.push(text.slice(from, found.index));
    }
    out.push({ href, text: shown });
    from = found.index + shown.length;
  }
  if (from < text.length) {
    out.push(text.slice(from));
  }
  return out;
}

/** An address without what ends the sentence around it. @param {string} s */
function trimmed(s) {
  /** How often each character is in what is left. @type {Map<string, number>} */
  const counts = new Map();
  const count = (/** @type {string} */ c) => counts.get(c) ?? 0;
  for (const c of s) {
    counts.set(c, count(c) + 1);
  }
  let end = s.length;
  for (; end > 0; end--) {
    const last = s[end - 1];
    const closes = last in opens && count(last) > count(opens[last]);
    if (!closes && !/[.,:;!?…。、，！？*_~]/.test(last)) {
      break;
    }
    counts.set(last, count(last) - 1);
  }
  return s.slice(0, end);
}

/** @param {string} s @returns {string} empty if it is none that may be followed */
function address(s) {
  try {
    const url = new URL(s);
    return ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password ? url.href : '';
  } catch {
    return '';
  }
}
