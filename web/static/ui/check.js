// @ts-check
import { checkConnection } from '../lib/check.js';
import { t } from './i18n.js';
import { rememberTransport } from './storage.js';
/** @import {CheckResult} from '../lib/types.js' */

/**
 * Says in words what the network blocks. The tab remembers how events get through,
 * so that joining need not find it out again.
 * @param {AbortSignal} signal
 * @returns {Promise<{blocked: boolean, sentences: string[]}>}
 */
export async function check(signal) {
  const result = await checkConnection({ signal });
  if (result.events !== 'blocked' && !signal.aborted) {
    rememberTransport(result.events);
  }
  const { blocked, keys } = verdict(result);
  return { blocked, sentences: keys.map((key) => t(key)) };
}

/**
 * @param {CheckResult} result
 * @returns {{blocked: boolean, keys: string[]}} whether something is, and the strings that say it
 */
export function verdict({ events, media }) {
  const ofMedia = { udp: '', tcp: 'check.tcp', relay: 'check.relay', blocked: 'check.udp', unknown: 'check.unknown' }[media];
  const keys = {
    websocket: [ofMedia],
    polling: ['check.polling', ofMedia],
    // Without the server nobody knows about the rest.
    blocked: ['check.server', media === 'unknown' ? '' : ofMedia],
  }[events].filter(Boolean);
  return { blocked: events !== 'websocket' || media === 'blocked' || media === 'tcp', keys: keys.length > 0 ? keys : ['check.clear'] };
}
