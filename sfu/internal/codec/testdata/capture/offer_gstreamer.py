"""Writes the offer of GStreamer's webrtcbin to stdout: it sends what is encoded
in the pipeline."""
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402,F401

Gst.init(None)
pipeline = Gst.parse_launch(
    "webrtcbin name=w bundle-policy=max-bundle "
    "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 ! queue ! "
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! w. "
    "videotestsrc is-live=true ! x264enc tune=zerolatency ! video/x-h264,profile=constrained-baseline ! "
    "rtph264pay config-interval=-1 pt=98 ! queue ! application/x-rtp,media=video,encoding-name=H264,payload=98 ! w. "
    "videotestsrc is-live=true ! vp8enc deadline=1 ! rtpvp8pay pt=99 ! queue ! "
    "application/x-rtp,media=video,encoding-name=VP8,payload=99 ! w. "
)
webrtc = pipeline.get_by_name("w")
loop = GLib.MainLoop()


def later():
    promise = Gst.Promise.new()
    webrtc.emit("create-offer", None, promise)
    promise.wait()
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    print(offer.sdp.as_text(), end="", flush=True)
    loop.quit()
    return False


pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add_seconds(3, later)
loop.run()
