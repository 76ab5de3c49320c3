// @ts-check

/**
 * Does something now, and every so often as long as the page is in sight.
 * @param {() => unknown} f
 * @param {number} [every] milliseconds
 * @returns {() => void} stops it
 */
export function whileSeen(f, every = 10_000) {
  const look = () => document.visibilityState === 'visible' && f();
  look();
  const timer = setInterval(look, every);
  document.addEventListener('visibilitychange', look);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', look);
  };
}
