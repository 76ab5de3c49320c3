// @ts-check
import { LocalMedia } from './media.js';

/** The colour bars that televisions were set by, from the left to the right. */
const bars = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'];
const [width, height] = [1280, 720];
/** Pictures a second. */
const rate = 15;

/**
 * FakeMedia has a test pattern with a clock in place of a camera, and a tone in
 * place of a microphone: for demonstrations and for machines without devices.
 * Nobody is asked for anything.
 */
export class FakeMedia extends LocalMedia {
  get available() {
    return true;
  }

  /** It is to be read. */
  get mirrored() {
    return false;
  }

  async asks() {
    return false;
  }

  /** @returns {Promise<MediaDeviceInfo[]>} */
  async enumerate() {
    return /** @type {any} */ ([
      { kind: 'audioinput', deviceId: 'tone', groupId: '', label: 'Test tone' },
      { kind: 'videoinput', deviceId: 'pattern', groupId: '', label: 'Test pattern' },
    ]);
  }

  /** @param {MediaStreamConstraints} wanted */
  async open(wanted) {
    const stream = new MediaStream();
    if (wanted.audio) {
      stream.addTrack(tone());
    }
    if (wanted.video) {
      stream.addTrack(pattern(() => this.name));
    }
    return stream;
  }
}

/** A soft tone, a fifth of each second. */
function tone() {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const gain = new GainNode(context, { gain: 0 });
  const note = new OscillatorNode(context, { frequency: 440 });
  note.connect(gain).connect(out);
  note.start();
  const [track] = out.stream.getAudioTracks();
  const source = context.createBufferSource();
  const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
  buffer.getChannelData(0).fill(0.1, 0, Math.round(context.sampleRate / 5));
  Object.assign(source, { buffer, loop: true }).connect(gain.gain);
  source.start();
  const resume = () => context.resume().catch(() => {}); // what the browser holds back until somebody has clicked
  document.addEventListener('click', resume);
  whenStopped(track, () => {
    document.removeEventListener('click', resume);
    context.close();
  });
  return track;
}

/** @param {() => string} name */
function pattern(name) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const draw = () => {
    bars.forEach((colour, i) => {
      c.fillStyle = colour;
      c.fillRect(Math.floor(i * width / bars.length), 0, Math.ceil(width / bars.length), height);
    });
    c.fillStyle = '#0f1216';
    c.fillRect(0, height * 0.35, width, height * 0.3);
    c.fillStyle = '#eceff2';
    c.textAlign = 'center';
    c.font = '600 96px system-ui, sans-serif';
    c.fillText(new Date().toISOString().slice(11, 21), width / 2, height * 0.49);
    c.font = '56px system-ui, sans-serif';
    c.fillText(name(), width / 2, height * 0.61, width * 0.9);
    c.fillStyle = '#2fbf71'; // goes round once in two seconds, so that a still picture shows
    c.fillRect((Date.now() % 2000) / 2000 * width, height * 0.64, 40, 12);
  };
  draw();
  const timer = setInterval(draw, 1000 / rate);
  const [track] = canvas.captureStream(rate).getVideoTracks();
  whenStopped(track, () => clearInterval(timer));
  return track;
}

/**
 * A track that is stopped by its owner tells nobody, so it is told here.
 * @param {MediaStreamTrack} track
 * @param {() => void} f
 */
function whenStopped(track, f) {
  const stop = track.stop.bind(track);
  track.stop = () => {
    stop();
    f();
  };
}
