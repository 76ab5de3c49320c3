//go:build !amd64 || portable

package vaes

const supported, wide = false, false

const unavailable = "vaes: not available"

func substitute(uint32) uint32                                         { panic(unavailable) }
func sealChunks(*AEAD, *sum, *byte, *byte, *byte, int, uint64, uint64) { panic(unavailable) }
func finish(*AEAD, *sum, *end)                                         { panic(unavailable) }
func hash(*AEAD, *sum, *blocks, int)                                   { panic(unavailable) }
func sealWide(*AEAD, *byte, *byte, int, *byte, int, *byte, int, uint64, uint64) {
	panic(unavailable)
}
