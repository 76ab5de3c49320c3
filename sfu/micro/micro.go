// Package micro holds the stages of the packet path as benchmarks: what
// `go test -bench . ./sfu/micro` and `switchyard bench micro` run. It lives
// below sfu because it measures what is internal to it.
//
// Every stage handles batches of packets whose datagrams have 1,200 bytes, and
// reports [UnitTime], [UnitAllocs] and, where it touches all bytes of a packet,
// [UnitRate]. What a stage needs is prepared outside of the measured time.
//
// The package is public but unstable: its API may change in any release.
package micro

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/cputime"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// PacketBytes is the size of a protected packet, in bytes of UDP payload.
const PacketBytes = 1200

// Units of what the benchmarks report.
const (
	UnitTime   = "ns/packet" // of CPU time on Linux, of wall time elsewhere
	UnitRate   = "MB/s"      // 10^6 bytes of datagrams per second
	UnitAllocs = "allocs/packet"
	UnitBatch  = "packets/op" // how many packets one iteration handles
)

// Benchmark is one stage of the packet path.
type Benchmark struct {
	// Name is of lower-case words with slashes, from the general to the
	// particular: "protect/gcm128".
	Name string
	// Func measures the stage with [testing.Benchmark] or [testing.B.Run]. It
	// cleans up behind itself.
	Func func(*testing.B)
}

// Benchmarks returns all stages in the order of a packet's way through the
// server. The profiles are named cm (AES128_CM_HMAC_SHA1_80), gcm128 and gcm256;
// only cm allocates. The fan-outs are whole: receive, open, parse, keep, and
// then per subscriber rewrite and seal, with the cost divided by the packets
// that come out; null ends there, loopback also writes them to UDP sockets.
func Benchmarks() []Benchmark {
	return []Benchmark{
		{"parse", parse},
		{"unprotect/cm", unprotect(srtp.AES128CMHMACSHA180)},
		{"unprotect/gcm128", unprotect(srtp.AEADAES128GCM)},
		{"unprotect/gcm256", unprotect(srtp.AEADAES256GCM)},
		{"history/insert", historyInsert},
		{"history/lookup", historyLookup},
		{"select", selectLayer},
		{"rewrite", rewriteHeader},
		{"protect/cm", protect(srtp.AES128CMHMACSHA180)},
		{"protect/gcm128", protect(srtp.AEADAES128GCM)},
		{"protect/gcm256", protect(srtp.AEADAES256GCM)},
		{"fanout/null/1", fanout(1, openNull)},
		{"fanout/null/10", fanout(10, openNull)},
		{"fanout/null/100", fanout(100, openNull)},
		{"fanout/null/1000", fanout(1000, openNull)},
		{"fanout/loopback/1", fanout(1, openLoopback)},
		{"fanout/loopback/10", fanout(10, openLoopback)},
		{"fanout/loopback/100", fanout(100, openLoopback)},
		{"fanout/loopback/1000", fanout(1000, openLoopback)},
	}
}

// work is what one iteration of a benchmark does.
type work struct {
	packets int    // that step handles
	size    int    // bytes of each; 0 where bytes do not matter
	prepare func() // before each step, outside of the measured time; may be nil
	step    func()
	aside   func() time.Duration // by clock, what step did beside the work since the last call; may be nil
}

// measure runs work as often as b wants and reports the cost per packet. The
// first step is not measured: it takes the memory that later ones use again.
//
// Time is the median of the iterations by the clock of the thread, so that what
// other processes do in between does not count; see package cputime for other systems than
// Linux. The time of b itself holds the preparations and the counting of
// allocations, which stops the world; it only decides how often work is done.
func measure(b *testing.B, w work) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if w.prepare == nil {
		w.prepare = func() {}
	}
	if w.aside == nil {
		w.aside = func() time.Duration { return 0 }
	}
	w.prepare()
	w.step()
	w.aside()
	var before, after runtime.MemStats
	var took []time.Duration
	var allocs uint64
	for b.Loop() {
		w.prepare()
		runtime.ReadMemStats(&before)
		start := cputime.Thread()
		w.step()
		elapsed := cputime.Thread() - start - w.aside()
		runtime.ReadMemStats(&after)
		took = append(took, elapsed)
		allocs += after.Mallocs - before.Mallocs
	}
	slices.Sort(took)
	perPacket := float64(took[len(took)/2].Nanoseconds()) / float64(w.packets)
	b.ReportMetric(0, "ns/op") // would be that of all this
	b.ReportMetric(perPacket, UnitTime)
	b.ReportMetric(float64(allocs)/float64(w.packets)/float64(len(took)), UnitAllocs)
	b.ReportMetric(float64(w.packets), UnitBatch)
	if w.size > 0 && perPacket > 0 {
		b.ReportMetric(float64(w.size)*1000/perPacket, UnitRate)
	}
}
