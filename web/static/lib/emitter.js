// @ts-check

/**
 * Emitter calls listeners in the order in which they were added. A listener
 * that throws does not keep the others from being called; its error is
 * reported as uncaught.
 *
 * @template {{[name: string]: any}} Events maps an event's name to its argument
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<(arg: any) => void>>} */
  #listeners = new Map();

  /**
   * @template {keyof Events} K
   * @param {K} name
   * @param {(arg: Events[K]) => void} listener
   * @returns {() => void} removes the listener
   */
  on(name, listener) {
    let set = this.#listeners.get(name);
    if (!set) {
      set = new Set();
      this.#listeners.set(name, set);
    }
    set.add(listener);
    return () => set.delete(listener);
  }

  /**
   * @internal
   * @template {keyof Events} K
   * @param {K} name
   * @param {Events[K]} arg
   */
  emit(name, arg) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(arg);
      } catch (err) {
        queueMicrotask(() => {
          throw err;
        });
      }
    }
  }
}
