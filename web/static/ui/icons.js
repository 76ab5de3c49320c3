// @ts-check

// Icons of one stroke width on a grid of 24.
const paths = {
  mark: 'M2 12h5c5 0 5-7 10-7h5M7 12h15M7 12c5 0 5 7 10 7h5',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3',
  micOff: 'M9 9v2a3 3 0 0 0 4.6 2.5M15 10V6a3 3 0 0 0-5.7-1.3M5 11a7 7 0 0 0 10.6 6M19 11a7 7 0 0 1-.8 3.2M12 18v3M4 4l16 16',
  cam: 'M4 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2ZM15 11l6-3.5v9L15 13',
  camOff: 'M9 7h4a2 2 0 0 1 2 2v2l6-3.5v9L17 14M15 15a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2h1M3 3l18 18',
  share: 'M4 4h16a1.5 1.5 0 0 1 1.5 1.5v10A1.5 1.5 0 0 1 20 17H4a1.5 1.5 0 0 1-1.5-1.5v-10A1.5 1.5 0 0 1 4 4ZM12 13V8M9.5 10 12 7.5l2.5 2.5M8 21h8',
  chat: 'M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z',
  leave: 'M3 14.5c0-1.6.6-2.6 1.7-3.2C6.7 10.1 9.2 9.5 12 9.5s5.3.6 7.3 1.8c1.1.6 1.7 1.6 1.7 3.2 0 .9-.7 1.5-1.6 1.3l-2.5-.5c-.7-.2-1.2-.7-1.2-1.4v-1.2a13 13 0 0 0-7.4 0v1.2c0 .7-.5 1.2-1.2 1.4l-2.5.5C3.7 16 3 15.4 3 14.5Z',
  send: 'M5 12 4 4l17 8-17 8 1-8Zm0 0h7',
  close: 'M6 6l12 12M18 6 6 18',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.5-3.5a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.5 3.5a4 4 0 0 0 5.7 5.7l1.5-1.5',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  speakerOff: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM16 9.5l5 5M21 9.5l-5 5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  eyeOff: 'M6.5 7.2C4 9 2.5 12 2.5 12s3.5 6.5 9.5 6.5c1.9 0 3.6-.7 5-1.6M10 5.7c.6-.1 1.3-.2 2-.2 6 0 9.5 6.5 9.5 6.5s-.7 1.3-2 2.8M3.5 3.5l17 17',
  check: 'M5 12.5l4.5 4.5L19 7',
  poll: 'M4 5v14M8 7h9v3H8zM8 14h5v3H8z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 4.5v5M8 14.5v5',
  keyboard: 'M3 6h18a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM6 10h.01M10 10h.01M14 10h.01M18 10h.01M7 14h10',
  fullscreen: 'M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4',
  stats: 'M5 20v-6M12 20V8M19 20V4',
  flip: 'M4 11a8 8 0 0 1 14-4l2 2M20 4v5h-5M20 13a8 8 0 0 1-14 4l-2-2M4 20v-5h5',
  people: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c.4-3.3 2.9-5.5 6.5-5.5s6.1 2.2 6.5 5.5M15.5 5a3.5 3.5 0 0 1 0 6.2M18 14.5c2 .8 3.2 2.5 3.5 5',
  personAdd: 'M10 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3.5 19.5c.4-3.3 2.9-5.5 6.5-5.5 1.5 0 2.8.4 3.9 1M18 13.5v6M15 16.5h6',
  shield: 'M12 3 5 5.5v5.5c0 4.6 2.9 8.2 7 10 4.1-1.8 7-5.4 7-10V5.5L12 3Z',
  lock: 'M6 10.5h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1ZM8 10.5V8a4 4 0 0 1 8 0v2.5',
  spotlight: 'M12 3v2.5M4.6 6.1l1.8 1.8M19.4 6.1l-1.8 1.8M12 8.5a5 5 0 0 1 3 9v2.5H9v-2.5a5 5 0 0 1 3-9Z',
  record: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  ban: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM6 6l12 12',
  copy: 'M9 9h9.5a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1ZM15.5 8V4.5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1V14a1 1 0 0 0 1 1h2.5',
  pin: 'M9 3.5h6l-.8 6.5 3.3 3.5H6.5L9.8 10 9 3.5ZM12 13.5v7',
  layout: 'M3.5 4.5h17v15h-17v-15ZM3.5 9.5h17M9.2 4.5v5M14.8 4.5v5',
  sidebar: 'M3.5 4.5h17v15h-17v-15ZM15 4.5v15M15 9.5h5.5M15 14.5h5.5',
  grid: 'M3.5 4.5h17v15h-17v-15ZM3.5 12h17M12 4.5v15',
  auto: 'M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2 2M16 16l2 2M18 6l-2 2M8 16l-2 2',
  pip: 'M3.5 4.5h17v15h-17v-15ZM12 12h6v5h-6v-5Z',
  chevron: 'M9 5l7 7-7 7',
  hand: 'M7 12.5V6.5a1.5 1.5 0 0 1 3 0V11M10 10.5V4.5a1.5 1.5 0 0 1 3 0V11M13 10.5V5.5a1.5 1.5 0 0 1 3 0V12M16 11.5V8.5a1.5 1.5 0 0 1 3 0V15a6 6 0 0 1-6 6h-1.5a6 6 0 0 1-5-2.7L3.8 14a1.5 1.5 0 0 1 2.5-1.6L7.5 14',
  attach: 'M19.5 11.5l-7.8 7.8a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-8 8a1.6 1.6 0 0 1-2.2-2.2l7.3-7.3',
  captions: 'M4.5 5h15a1.5 1.5 0 0 1 1.5 1.5v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-11A1.5 1.5 0 0 1 4.5 5ZM10.5 10.5a2 2 0 1 0 0 3M17 10.5a2 2 0 1 0 0 3',
  smile: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM8.5 14a4 4 0 0 0 7 0M9 9.5v.01M15 9.5v.01',
  alert: 'M12 8v5M12 16.5v.01M12 3 2.5 20h19L12 3Z',
};

/** @typedef {keyof typeof paths} IconName */

/**
 * @param {IconName} name
 * @returns {SVGSVGElement} decoration; what it means is said in words elsewhere
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}

/**
 * Changes an icon in its place.
 * @param {Element} parent
 * @param {IconName} name
 */
export function setIcon(parent, name) {
  const path = parent.querySelector('svg.icon path');
  if (path && path.getAttribute('d') !== paths[name]) {
    path.setAttribute('d', paths[name]);
  }
}
