package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"

	"github.com/switchyard-rtc/switchyard/sfu/srtp/internal/vaes"
)

const (
	tagGCM     = 16
	rtcpHeader = 8 // of the first packet of a compound
	rtcpIndex  = 4
	encrypted  = 1 << 31 // E bit before the SRTCP index
)

// gcm is one direction of an AEAD profile (RFC 7714). One goroutine at a time.
type gcm struct {
	rtpSalt, rtcpSalt vaes.Nonce
	rtp, rtcp         cipher.AEAD
	nonce             [12]byte // kept here: a local array would escape
	aad               [rtcpHeader + rtcpIndex]byte
}

func newGCM(block cipher.Block, salt []byte, keyLen int) (*gcm, error) {
	g := &gcm{}
	g.rtpSalt = number(derive(block, salt, labelRTPSalt, 12))
	g.rtcpSalt = number(derive(block, salt, labelRTCPSalt, 12))
	var err error
	if g.rtp, err = aead(derive(block, salt, labelRTPKey, keyLen)); err != nil {
		return nil, err
	}
	g.rtcp, err = aead(derive(block, salt, labelRTCPKey, keyLen))
	return g, err
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("srtp: %w", err)
	}
	return cipher.NewGCM(block)
}

// number returns a salt of 12 bytes as what nonces are made of.
func number(salt []byte) vaes.Nonce {
	return vaes.Nonce{High: binary.BigEndian.Uint64(salt), Low: binary.BigEndian.Uint32(salt[8:])}
}

// iv makes a nonce: SSRC and index under the salt (RFC 7714 sections 8.1 and
// 9.1). A 31-bit SRTCP index takes the place of ROC and number.
func iv(salt vaes.Nonce, ssrc uint32, index uint64) vaes.Nonce {
	return vaes.Nonce{High: salt.High ^ uint64(ssrc)<<16 ^ index>>32&0xffff, Low: salt.Low ^ uint32(index)}
}

// bytes returns a nonce as the standard library takes it, until the next call.
func (g *gcm) bytes(n vaes.Nonce) []byte {
	binary.BigEndian.PutUint64(g.nonce[:], n.High)
	binary.BigEndian.PutUint32(g.nonce[8:], n.Low)
	return g.nonce[:]
}

func (g *gcm) minRTP() int  { return tagGCM }
func (g *gcm) minRTCP() int { return rtcpHeader + tagGCM + rtcpIndex }

func (g *gcm) sealRTP(dst, header, prefix, plain []byte, ssrc uint32, index uint64) []byte {
	start := len(dst)
	dst = append(dst, header...)
	aad := dst[start:]
	if len(prefix) > 0 { // the two parts meet where they will stay
		plain = append(append(dst, prefix...), plain...)[len(dst):]
	}
	return g.rtp.Seal(dst, g.bytes(iv(g.rtpSalt, ssrc, index)), plain, aad)
}

func (g *gcm) openRTP(b []byte, header int, ssrc uint32, index uint64) (int, bool) {
	plain, err := g.rtp.Open(b[header:header], g.bytes(iv(g.rtpSalt, ssrc, index)), b[header:], b[:header])
	return header + len(plain), err == nil
}

func (g *gcm) sealRTCP(dst, packet []byte, ssrc, index uint32) []byte {
	copy(g.aad[:], packet[:rtcpHeader])
	binary.BigEndian.PutUint32(g.aad[rtcpHeader:], encrypted|index)
	dst = append(dst, packet[:rtcpHeader]...)
	dst = g.rtcp.Seal(dst, g.bytes(iv(g.rtcpSalt, ssrc, uint64(index))), packet[rtcpHeader:], g.aad[:])
	return append(dst, g.aad[rtcpHeader:]...)
}

func (g *gcm) openRTCP(b []byte, ssrc uint32) (int, uint32, bool) {
	body := len(b) - rtcpIndex
	word := binary.BigEndian.Uint32(b[body:])
	if word&encrypted == 0 {
		return 0, 0, false // authenticated only: nobody negotiates that
	}
	index := word &^ encrypted
	copy(g.aad[:], b[:rtcpHeader])
	copy(g.aad[rtcpHeader:], b[body:])
	plain, err := g.rtcp.Open(b[rtcpHeader:rtcpHeader], g.bytes(iv(g.rtcpSalt, ssrc, uint64(index))), b[rtcpHeader:body], g.aad[:])
	return rtcpHeader + len(plain), index, err == nil
}
