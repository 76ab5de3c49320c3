package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"
)

const (
	tagCM     = 10
	authKeyCM = 20
)

// cm is one direction of AES128_CM_HMAC_SHA1_80 (RFC 3711 sections 4.1.1
// and 4.2.1). It allocates a key stream per packet. One goroutine at a time.
type cm struct {
	rtp, rtcp         cipher.Block
	rtpSalt, rtcpSalt [aes.BlockSize]byte
	rtpAuth, rtcpAuth hash.Hash
	counter           [aes.BlockSize]byte
	word              [4]byte
	sum               [sha1.Size]byte
}

func newCM(block cipher.Block, salt []byte) (*cm, error) {
	c := &cm{
		rtpAuth:  hmac.New(sha1.New, derive(block, salt, labelRTPAuth, authKeyCM)),
		rtcpAuth: hmac.New(sha1.New, derive(block, salt, labelRTCPAuth, authKeyCM)),
	}
	copy(c.rtpSalt[:], derive(block, salt, labelRTPSalt, 14))
	copy(c.rtcpSalt[:], derive(block, salt, labelRTCPSalt, 14))
	var err error
	if c.rtp, err = aes.NewCipher(derive(block, salt, labelRTPKey, 16)); err == nil {
		c.rtcp, err = aes.NewCipher(derive(block, salt, labelRTCPKey, 16))
	}
	if err != nil {
		return nil, fmt.Errorf("srtp: %w", err)
	}
	return c, nil
}

// crypt encrypts or decrypts from src to dst, which may be the same.
func (c *cm) crypt(block cipher.Block, salt *[aes.BlockSize]byte, ssrc uint32, index uint64, dst, src []byte) {
	c.counter = *salt
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], index)
	for i := range 4 {
		c.counter[4+i] ^= byte(ssrc >> (24 - 8*i))
	}
	for i := range 6 {
		c.counter[8+i] ^= n[2+i]
	}
	cipher.NewCTR(block, c.counter[:]).XORKeyStream(dst, src)
}

// tag authenticates b followed by a word.
func (c *cm) tag(h hash.Hash, b []byte, word uint32) []byte {
	h.Reset()
	h.Write(b)
	binary.BigEndian.PutUint32(c.word[:], word)
	h.Write(c.word[:])
	return h.Sum(c.sum[:0])[:tagCM]
}

func (c *cm) minRTP() int  { return tagCM }
func (c *cm) minRTCP() int { return rtcpHeader + rtcpIndex + tagCM }

func (c *cm) sealRTP(dst, header, prefix, plain []byte, ssrc uint32, index uint64) []byte {
	start := len(dst)
	dst = append(dst, header...)
	body := len(dst)
	dst = append(dst, prefix...)
	dst = append(dst, plain...)
	c.crypt(c.rtp, &c.rtpSalt, ssrc, index, dst[body:], dst[body:])
	return append(dst, c.tag(c.rtpAuth, dst[start:], uint32(index>>16))...)
}

func (c *cm) openRTP(b []byte, header int, ssrc uint32, index uint64) (int, bool) {
	n := len(b) - tagCM
	if subtle.ConstantTimeCompare(c.tag(c.rtpAuth, b[:n], uint32(index>>16)), b[n:]) != 1 {
		return 0, false
	}
	c.crypt(c.rtp, &c.rtpSalt, ssrc, index, b[header:n], b[header:n])
	return n, true
}

func (c *cm) sealRTCP(dst, packet []byte, ssrc, index uint32) []byte {
	start := len(dst)
	dst = append(dst, packet...)
	body := dst[start+rtcpHeader:]
	c.crypt(c.rtcp, &c.rtcpSalt, ssrc, uint64(index), body, body)
	dst = binary.BigEndian.AppendUint32(dst, encrypted|index)
	h := c.rtcpAuth
	h.Reset()
	h.Write(dst[start:])
	return append(dst, h.Sum(c.sum[:0])[:tagCM]...)
}

func (c *cm) openRTCP(b []byte, ssrc uint32) (int, uint32, bool) {
	n := len(b) - tagCM
	h := c.rtcpAuth
	h.Reset()
	h.Write(b[:n])
	if subtle.ConstantTimeCompare(h.Sum(c.sum[:0])[:tagCM], b[n:]) != 1 {
		return 0, 0, false
	}
	n -= rtcpIndex
	word := binary.BigEndian.Uint32(b[n:])
	if word&encrypted == 0 {
		return 0, 0, false
	}
	index := word &^ encrypted
	c.crypt(c.rtcp, &c.rtcpSalt, ssrc, uint64(index), b[rtcpHeader:n], b[rtcpHeader:n])
	return n, index, true
}
