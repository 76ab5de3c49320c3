// @ts-check

/**
 * Whether media could take another way than UDP: the server takes TCP, or there
 * is a relay.
 * @param {RTCPeerConnection|null} pc
 * @returns {boolean}
 */
export function hasDetour(pc) {
  const relays = pc?.getConfiguration().iceServers?.flatMap((s) => s.urls).some((url) => /^turns?:/i.test(url));
  return relays === true || /^a=candidate:\S+ \d+ tcp /im.test(pc?.remoteDescription?.sdp ?? '');
}
