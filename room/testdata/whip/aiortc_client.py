"""A WHIP publisher or a WHEP player made of aiortc: publish|play URL CODEC.

It says "frames N" when it has decoded so many pictures, and goes when its input
ends.
"""

import asyncio
import sys
import urllib.parse

import aiohttp
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError


async def watch(track):
    """Counts the frames of a track."""
    frames = 0
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return
        frames += 1
        if track.kind == "video" and frames % 10 == 0:
            print("frames", frames, flush=True)


async def main(mode, url, codec):
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if mode == "publish":
        audio = pc.addTransceiver(AudioStreamTrack(), direction="sendonly")
        video = pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
    else:
        audio = pc.addTransceiver("audio", direction="recvonly")
        video = pc.addTransceiver("video", direction="recvonly")
        pc.on("track", lambda track: asyncio.ensure_future(watch(track)))
    known = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences(
        [c for c in known if c.mimeType.lower() in ("video/" + codec.lower(), "video/rtx")]
    )
    await pc.setLocalDescription(await pc.createOffer())
    async with aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/sdp"}
        async with http.post(url, data=pc.localDescription.sdp.encode(), headers=headers) as r:
            answer = await r.text()
            if r.status != 201:
                sys.exit(f"POST {url}: {r.status} {answer}")
            session = urllib.parse.urljoin(url, r.headers["Location"])
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        async with http.delete(session) as r:
            if r.status != 200:
                sys.exit(f"DELETE {session}: {r.status}")
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
