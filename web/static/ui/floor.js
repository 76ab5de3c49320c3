// @ts-check

/** How long somebody has to speak to take the floor or to be brought onto the page, in milliseconds. */
const enough = 700;
/** How long who has the floor keeps it in silence, whoever else speaks. */
const breath = 500;
/** How long somebody is shown as speaking after the last word, so that syllables do not flicker. */
const echo = 400;
/** How long a tile that was brought onto the page stays there at least. */
const stay = 8000;

/**
 * Floor knows who speaks since when. A cough takes nobody the floor, and a
 * breath does not cost it: the large tile changes when it should, no more often.
 * Times are milliseconds of any one clock.
 */
export class Floor {
  /** Who has the floor, empty before anybody spoke. */
  speaker = '';
  /** When who speaks now began. @type {Map<string, number>} */
  #since = new Map();
  /** When everybody was last heard. @type {Map<string, number>} */
  #last = new Map();

  /**
   * @param {Iterable<string>} speaking keys, the loudest first
   * @param {number} now
   * @returns {number} milliseconds until the outcome may be another one without
   *   any news, 0 if never
   */
  update(speaking, now) {
    const list = [...speaking];
    for (const key of [...this.#since.keys()]) {
      if (!list.includes(key)) {
        this.#since.delete(key);
        this.#last.set(key, now);
      }
    }
    for (const key of list) {
      this.#last.set(key, now);
      if (!this.#since.has(key)) {
        this.#since.set(key, now);
      }
    }
    if (this.#since.has(this.speaker)) {
      return this.#until(list, now);
    }
    const next = this.speaker === '' ? list[0] : list.find((key) => this.spoke(key, now));
    if (next !== undefined && now - (this.#last.get(this.speaker) ?? -Infinity) >= breath) {
      this.speaker = next;
    }
    return this.#until(list, now);
  }

  /** @param {string[]} list @param {number} now */
  #until(list, now) {
    const waits = list.map((key) => enough - (now - (this.#since.get(key) ?? now)));
    if (list.length > 0 && !this.#since.has(this.speaker)) {
      waits.push(breath - (now - (this.#last.get(this.speaker) ?? now)));
    }
    for (const [key, at] of this.#last) {
      if (!this.#since.has(key)) {
        waits.push(echo - (now - at));
      }
    }
    const due = waits.filter((ms) => ms > 0);
    return due.length > 0 ? Math.min(...due) : 0;
  }

  /**
   * @param {string} key
   * @param {number} now
   * @returns {boolean} whether it has been speaking long enough to be brought forward
   */
  spoke(key, now) {
    const since = this.#since.get(key);
    return since !== undefined && now - since >= enough;
  }

  /**
   * @param {string} key
   * @param {number} now
   * @returns {boolean} whether it is to be shown as speaking
   */
  speaks(key, now) {
    return this.#since.has(key) || now - (this.#last.get(key) ?? -Infinity) < echo;
  }

  /** @param {string} key @returns {number} when it was last heard, 0 if never */
  last(key) {
    return this.#last.get(key) ?? 0;
  }

  /** @param {(key: string) => boolean} exists */
  sweep(exists) {
    for (const known of [this.#since, this.#last]) {
      for (const key of known.keys()) {
        if (!exists(key)) {
          known.delete(key);
        }
      }
    }
    if (this.speaker && !exists(this.speaker)) {
      this.speaker = '';
    }
  }
}

/**
 * Order keeps the tiles in the order of joining as far as it can, and moves as
 * few as it must: who speaks off the page changes places with who was silent
 * for longest on it, and a gap on it is filled by the first one behind it.
 */
export class Order {
  /** @type {string[]} */
  #list = [];
  /** When a tile was brought onto the page. @type {Map<string, number>} */
  #brought = new Map();

  /**
   * @param {string[]} keys all there are, in the order of joining
   * @param {number} page how many of them the first page shows
   * @param {Floor} floor
   * @param {number} now
   * @returns {string[]} the same keys
   */
  next(keys, page, floor, now) {
    this.#follow(keys, page);
    for (const key of this.#list.slice(page)) {
      if (floor.spoke(key, now)) {
        this.#bring(key, page, floor, now);
      }
    }
    return this.#list;
  }

  /** @param {string[]} keys @param {number} page */
  #follow(keys, page) {
    const there = new Set(keys);
    const known = new Set(this.#list);
    const list = [...this.#list];
    for (let i = 0; i < list.length; i++) {
      if (!there.has(list[i])) {
        this.#brought.delete(list[i]);
        const [next] = i < page ? list.splice(page, 1) : [];
        if (next === undefined) {
          list.splice(i, 1);
        } else {
          list[i] = next;
        }
        i--; // what stands here now may be gone, too
      }
    }
    list.push(...keys.filter((k) => !known.has(k)));
    this.#list = list;
  }

  /**
   * @param {string} key
   * @param {number} page
   * @param {Floor} floor
   * @param {number} now
   */
  #bring(key, page, floor, now) {
    const list = this.#list;
    let out = -1;
    for (let i = Math.min(page, list.length) - 1; i >= 0; i--) {
      const kept = floor.spoke(list[i], now) || now - (this.#brought.get(list[i]) ?? -Infinity) < stay;
      if (!kept && (out < 0 || floor.last(list[i]) < floor.last(list[out]))) {
        out = i;
      }
    }
    if (out >= 0) {
      list[list.indexOf(key)] = list[out];
      list[out] = key;
      this.#brought.set(key, now);
    }
  }
}
