// @ts-check

/** Milliseconds between words that may still change: the server takes ten captions a second. */
const apart = 300;
/** Milliseconds before the browser is asked to listen again; it stops in silence. */
const again = 500;
/** Most characters of a caption. */
const longest = 500;
/** What does not get better by trying again. */
const lasting = ['not-allowed', 'service-not-allowed', 'audio-capture', 'language-not-supported', 'network'];

/**
 * Speech puts into words what the microphone hears, by the browser's own
 * recognition, in the language of the browser.
 */
export class Speech {
  /** What no type of TypeScript tells of. @type {any} */
  #recognition;
  #onwords;
  #lang = navigator.language;
  #wanted = false;
  #running = false;
  #last = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /**
   * @param {(text: string, final: boolean, lang: string) => void} onwords
   * @param {() => void} onfail is told that there will be no words
   */
  constructor(onwords, onfail) {
    this.#onwords = onwords;
    const w = /** @type {any} */ (window);
    const r = this.#recognition = new (w.SpeechRecognition ?? w.webkitSpeechRecognition)();
    r.continuous = true;
    r.interimResults = true;
    r.lang = this.#lang;
    r.onresult = (/** @type {any} */ e) => this.#heard(e);
    r.onerror = (/** @type {any} */ e) => {
      if (this.#wanted && lasting.includes(e.error)) {
        this.close();
        onfail();
      }
    };
    r.onend = () => {
      this.#running = false;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#start(), again);
    };
  }

  /** @param {boolean} on whether to listen now */
  hear(on) {
    if (on === this.#wanted) {
      return;
    }
    this.#wanted = on;
    if (on) {
      this.#start();
    } else {
      this.#recognition.abort();
    }
  }

  #start() {
    if (this.#wanted && !this.#running) {
      this.#running = true;
      this.#recognition.start();
    }
  }

  /** @param {any} e */
  #heard(e) {
    if (!this.#wanted) {
      return;
    }
    let interim = '';
    for (const result of [...e.results].slice(e.resultIndex)) {
      const words = result[0].transcript.trim();
      if (!result.isFinal) {
        interim += ` ${words}`;
      } else if (words) {
        this.#onwords(words.slice(-longest), true, this.#lang);
      }
    }
    const now = Date.now();
    if (interim.trim() && now - this.#last >= apart) {
      this.#last = now;
      this.#onwords(interim.trim().slice(-longest), false, this.#lang);
    }
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#recognition.onend = null;
    this.#recognition.abort();
  }
}
