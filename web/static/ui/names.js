// @ts-check

const adjectives = 'amber blue brave bright calm clear coral crisp early fresh gentle golden green happy jade kind light lively lucky merry mild olive open plain quick quiet rapid royal silver sunny swift warm'.split(' ');
const animals = 'badger beaver bison crane deer dove eagle falcon finch fox gull hare heron ibis koala lark lemur lynx marten mole moose newt otter owl panda puffin raven robin seal stork swan wren'.split(' ');

/** A name for a new room, such as blue-fox-42: about 18 bits, easily said. */
export function newRoomName() {
  const [a, b, n] = crypto.getRandomValues(new Uint16Array(3));
  return `${adjectives[a % adjectives.length]}-${animals[b % animals.length]}-${10 + (n % 990)}`;
}

/**
 * Reads the name of a room from what somebody typed or pasted.
 * @param {string} text a name, or a link to a room
 * @returns {string} empty if it is neither
 */
export function roomName(text) {
  let name = text.trim();
  if (/^https?:\/\//i.test(name) || name.startsWith('/?') || name.includes('?room=')) {
    try {
      name = new URL(name, 'http://localhost/').searchParams.get('room') ?? '';
    } catch {
      return '';
    }
  }
  name = name.replace(/\s+/g, '-');
  return /^[A-Za-z0-9_-]{1,32}$/.test(name) ? name : '';
}

/**
 * @param {string} name of a person
 * @returns {string} one or two letters
 */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : ''].map((w) => [...(w ?? '')][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

/**
 * @param {number} ms
 * @returns {string} such as 12:41 or 1:02:03
 */
export function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}
