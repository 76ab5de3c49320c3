// @ts-check
import { t } from './i18n.js';
/** @import {Device, LocalMedia} from './media.js' */

/**
 * Fills a list of devices, and only if it changes, because it may be open.
 * @param {HTMLSelectElement} select
 * @param {LocalMedia} media
 * @param {Device|'speaker'} d
 */
export function fillDevices(select, media, d) {
  const list = media.list(d);
  const options = list.map((i, n) =>
    new Option(i.label || t('device.numbered', { kind: t(`device.${d}`), n: n + 1 }), i.deviceId));
  if (!list.some((i) => i.deviceId === 'default')) {
    options.unshift(new Option(t(media.plugged(d) ? 'device.default' : 'lobby.noDevice'), ''));
  }
  const same = options.length === select.options.length &&
    options.every((o, i) => o.value === select.options[i].value && o.text === select.options[i].text);
  if (!same) {
    select.replaceChildren(...options);
  }
  select.disabled = list.length === 0;
  select.value = d === 'speaker' ? media.speaker : media[d].id;
  if (select.selectedIndex < 0) {
    select.selectedIndex = 0; // the remembered device is gone
  }
}

/**
 * @param {LocalMedia} media
 * @param {Device|'speaker'} d
 * @param {string} id
 */
export function chooseDevice(media, d, id) {
  return d === 'speaker' ? media.chooseSpeaker(id) : media.choose(d, id);
}
