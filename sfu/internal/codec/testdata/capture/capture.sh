#!/bin/sh
# Writes the offers of what is installed to the folder above: Debian's chromium,
# firefox-esr, python3-aiortc and GStreamer (plugins base, good, bad and ugly,
# gstreamer1.0-nice, python3-gst-1.0, gir1.2-gst-plugins-bad-1.0).
cd "$(dirname "$0")" || exit 1

# Nothing that names a machine or a person stays.
clean() {
	tr -d '\r' | sed -E \
		-e '/^a=(candidate|end-of-candidates|remote-candidates)/d' \
		-e 's/^c=IN .*/c=IN IP4 0.0.0.0/' \
		-e 's/^(m=[a-z]+) [1-9][0-9]*/\1 9/' \
		-e 's/^a=ice-ufrag:.*/a=ice-ufrag:abcd/' \
		-e 's/^a=ice-pwd:.*/a=ice-pwd:abcdefghijklmnopqrstuvwx/' \
		-e "s/^a=fingerprint:.*/a=fingerprint:sha-256 $(printf '00:%.0s' $(seq 31))00/" \
		-e 's/^(a=ssrc:[0-9]+) cname:.*/\1 cname:name/'
}

node offer_browser.mjs chromium --headless=new --no-sandbox --disable-gpu --no-first-run --user-data-dir=PROFILE | clean >../chromium.sdp
node offer_browser.mjs firefox-esr --headless --no-remote --profile PROFILE | clean >../firefox.sdp
/usr/bin/python3 offer_aiortc.py | clean >../aiortc.sdp
/usr/bin/python3 offer_gstreamer.py | clean >../gstreamer.sdp
