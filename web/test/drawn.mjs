// @ts-check
// Cameras and screens that are drawn. The functions run inside of a page,
// where what they draw passes the real encoders.

/** Headless Chromium has no screen to pick; the page gets this one. */
export function drawnScreen() {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 1280;
    canvas.height = 720;
    const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    let n = 0;
    const stream = canvas.captureStream(10);
    const timer = setInterval(() => {
      c.fillStyle = '#f4f6f8';
      c.fillRect(0, 0, 1280, 720);
      c.fillStyle = '#14181d';
      c.font = '600 64px sans-serif';
      c.fillText('Timetable', 96, 152);
      c.font = '40px sans-serif';
      ['08:15  Northern line', '08:40  Harbour', '09:05  Old town'].forEach((row, i) => c.fillText(row, 96, 264 + i * 80));
      c.fillText(`Updated ${n++} times`, 96, 620);
      if (stream.getTracks().every((t) => t.readyState === 'ended')) {
        clearInterval(timer);
      }
    }, 100);
    return stream;
  };
}

/** What the page shares from now on has a sound, too. @param {number} tone in Hz */
export function sounding(tone) {
  const { mediaDevices } = navigator;
  const draw = mediaDevices.getDisplayMedia.bind(mediaDevices);
  mediaDevices.getDisplayMedia = async () => {
    const audio = new AudioContext();
    const out = audio.createMediaStreamDestination();
    const voice = new OscillatorNode(audio, { frequency: tone });
    voice.connect(out);
    voice.start();
    return new MediaStream([...(await draw()).getTracks(), ...out.stream.getTracks()]);
  };
}

/**
 * @typedef {object} Person whom a drawn camera shows
 * @property {[string, string]} wall colours, from the top to the bottom
 * @property {string} lamp colour of the light in the room
 * @property {string} skin
 * @property {string} hair
 * @property {'short'|'long'|'bun'} cut
 * @property {string} clothes
 * @property {boolean} speaks
 */

/**
 * Gives the page a camera that shows a person, and a microphone which hums if
 * the person speaks.
 * @param {Person} p
 */
export function drawnCamera(p) {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const oval = (/** @type {string} */ colour, /** @type {number[]} */ [x, y, rx, ry]) => {
    c.fillStyle = colour;
    c.beginPath();
    c.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    c.fill();
  };
  const room = () => {
    const wall = c.createLinearGradient(0, 0, 400, 720);
    wall.addColorStop(0, p.wall[0]);
    wall.addColorStop(1, p.wall[1]);
    c.fillStyle = wall;
    c.fillRect(0, 0, 1280, 720);
    const light = c.createRadialGradient(1040, 150, 20, 1040, 150, 520);
    light.addColorStop(0, p.lamp);
    light.addColorStop(1, 'transparent');
    c.fillStyle = light;
    c.fillRect(0, 0, 1280, 720);
    c.fillStyle = 'rgb(0 0 0 / 14%)'; // a picture on the wall, a shelf
    c.beginPath();
    c.roundRect(120, 110, 230, 170, 10);
    c.roundRect(930, 400, 290, 16, 8);
    c.roundRect(970, 310, 34, 90, 4);
    c.roundRect(1012, 330, 28, 70, 4);
    c.roundRect(1048, 300, 38, 100, 4);
    c.fill();
  };
  const draw = () => {
    const t = performance.now() / 1000;
    const x = 640 + 7 * Math.sin(t * 0.9);
    const y = 330 + 4 * Math.sin(t * 1.7);
    room();
    if (p.cut === 'long') {
      oval(p.hair, [x, y + 40, 158, 210]);
    }
    oval(p.clothes, [640, 800, 330, 270]);
    c.fillStyle = p.skin;
    c.beginPath();
    c.roundRect(x - 48, y + 90, 96, 130, 44);
    c.fill();
    c.fillStyle = 'rgb(0 0 0 / 12%)'; // shade under the chin
    c.beginPath();
    c.ellipse(x, y + 128, 62, 34, 0, 0, 2 * Math.PI);
    c.fill();
    if (p.cut === 'bun') {
      oval(p.hair, [x, y - 168, 56, 50]);
    }
    oval(p.hair, [x, y - 42, 134, 124]);
    oval(p.skin, [x, y, 112, 138]);
    c.fillStyle = p.hair; // the fringe
    c.beginPath();
    c.ellipse(x, y - 92, 112, 56, p.cut === 'short' ? 0.12 : 0, Math.PI, 2 * Math.PI);
    c.fill();
    for (const side of [-1, 1]) {
      oval('#22262b', [x + side * 40, y - 8, 8, 10]);
    }
    c.strokeStyle = '#7c3b36';
    c.lineWidth = 7;
    c.lineCap = 'round';
    c.beginPath();
    c.arc(x, y + 36, 34, 0.2 * Math.PI, 0.8 * Math.PI);
    c.stroke();
  };
  draw();
  setInterval(draw, 66);
  navigator.mediaDevices.getUserMedia = async () => {
    const audio = new AudioContext();
    const out = audio.createMediaStreamDestination();
    const voice = new OscillatorNode(audio, { frequency: 180, type: 'triangle' });
    voice.connect(new GainNode(audio, { gain: p.speaks ? 0.4 : 0 })).connect(out);
    voice.start();
    return new MediaStream([...canvas.captureStream(15).getTracks(), ...out.stream.getTracks()]);
  };
}
