"""A WHIP publisher or a WHEP player made of GStreamer's webrtcbin: publish|play
URL CODEC.

It says "frames N" when it has decoded so many pictures, and goes when its input
ends.
"""

import sys
import threading
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

VIDEO = {
    "VP8": (
        "vp8enc deadline=1 keyframe-max-dist=60 ! rtpvp8pay",
        "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,"
        "rtcp-fb-nack-pli=true",
        "",
    ),
    "H264": (
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 "
        "! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1",
        "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
        "packetization-mode=(string)1,rtcp-fb-nack-pli=true",
        ",profile-level-id=(string)42e01f",  # who sends knows its own
    ),
}
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=111"


class Client:
    def __init__(self, mode, url, codec):
        self.url, self.session, self.frames = url, None, 0
        encode, caps, more = VIDEO[codec]
        if mode == "publish":
            self.pipe = Gst.parse_launch(
                "webrtcbin name=w bundle-policy=max-bundle "
                "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1 "
                f"! {encode} pt=96 ! {caps} ! w. "
                f"audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 ! {AUDIO} ! w."
            )
            self.web = self.pipe.get_by_name("w")
            way = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
            for i in range(2):
                self.web.emit("get-transceiver", i).set_property("direction", way)
        else:
            self.pipe = Gst.Pipeline.new("play")
            self.web = Gst.ElementFactory.make("webrtcbin", "w")
            self.web.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipe.add(self.web)
            way = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            for c in (AUDIO, caps + more):
                self.web.emit("add-transceiver", way, Gst.Caps.from_string(c))
            self.web.connect("pad-added", self.on_pad)
            GLib.idle_add(self.offer)
        if mode == "publish":
            self.web.connect("on-negotiation-needed", lambda _: self.offer())
        self.web.connect("notify::ice-gathering-state", self.on_gathering)

    def offer(self, *_):
        def made(promise, *_):
            reply = promise.get_reply()  # owns the offer
            self.web.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

        self.web.emit("create-offer", None, Gst.Promise.new_with_change_func(made))
        return False

    def on_gathering(self, *_):
        done = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if self.web.get_property("ice-gathering-state") == done:
            threading.Thread(target=self.post, daemon=True).start()

    def post(self):
        offer = self.web.get_property("local-description").sdp.as_text()
        r = urllib.request.Request(
            self.url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST"
        )
        with urllib.request.urlopen(r) as got:
            answer = got.read()
            self.session = urllib.parse.urljoin(self.url, got.headers["Location"])
        _, sdp = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(answer, sdp)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.web.emit("set-remote-description", description, Gst.Promise.new())
        print("ready", flush=True)

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self.on_decoded)
        self.pipe.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def on_decoded(self, _, pad):
        sink = Gst.ElementFactory.make("fakesink")
        self.pipe.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        if pad.get_current_caps().get_structure(0).get_name().startswith("video/"):
            pad.add_probe(Gst.PadProbeType.BUFFER, self.count)

    def count(self, *_):
        self.frames += 1
        if self.frames % 10 == 0:
            print("frames", self.frames, flush=True)
        return Gst.PadProbeReturn.OK

    def run(self):
        loop = GLib.MainLoop()

        def on_message(_, m):
            if m.type == Gst.MessageType.ERROR:
                print(m.parse_error(), file=sys.stderr, flush=True)

        bus = self.pipe.get_bus()
        bus.add_signal_watch()
        bus.connect("message", on_message)

        def until_end():
            sys.stdin.read()
            GLib.idle_add(loop.quit)

        threading.Thread(target=until_end, daemon=True).start()
        self.pipe.set_state(Gst.State.PLAYING)
        loop.run()
        if self.session:
            urllib.request.urlopen(urllib.request.Request(self.session, method="DELETE")).close()
        self.pipe.set_state(Gst.State.NULL)


Gst.init(None)
Client(*sys.argv[1:]).run()
