"""Writes the offer of aiortc to stdout."""
import asyncio

from aiortc import RTCPeerConnection


async def main():
    pc = RTCPeerConnection()
    for direction in ("sendonly", "recvonly"):
        pc.addTransceiver("audio", direction=direction)
        pc.addTransceiver("video", direction=direction)
    pc.createDataChannel("sw")
    await pc.setLocalDescription(await pc.createOffer())
    print(pc.localDescription.sdp, end="")
    await pc.close()


asyncio.run(main())
