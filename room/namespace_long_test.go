//go:build linux && long

package room_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// namespaceEnv tells a test that it runs in a network namespace of its own.
const namespaceEnv = "SWITCHYARD_TEST_NAMESPACE"

// deviceAddr is that of the only device in the namespace: aiortc and GStreamer
// gather no candidates of loopback.
var deviceAddr = netip.AddrFrom4([4]byte{192, 0, 2, 1})

// abroad has a test run again in a network namespace, where it returns a server
// with WHIP and WHEP, and its URL; elsewhere nothing is left to do, and it returns
// nil.
func abroad(t *testing.T) (h *house, at string) {
	t.Helper()
	if os.Getenv(namespaceEnv) == "" {
		inNamespace(t)
		return nil, ""
	}
	makeDevice(t)
	h = openAt(t, deviceAddr, room.Config{Grace: 10 * time.Second})
	mux := http.NewServeMux()
	mux.Handle("/whip/", h.WHIP())
	mux.Handle("/whep/", h.WHEP())
	return h, serveAt(t, mux)
}

// makeDevice makes the only device of the namespace.
func makeDevice(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"link", "set", "lo", "up"}, {"link", "add", "whip", "type", "veth", "peer", "name", "nobody"},
		{"addr", "add", deviceAddr.String() + "/24", "dev", "whip"}, {"link", "set", "whip", "up"}, {"link", "set", "nobody", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v %s", args, err, out)
		}
	}
}

// inNamespace runs this test again, where no other device is than its own.
func inNamespace(t *testing.T) {
	args := []string{"--net", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if os.Geteuid() != 0 {
		args = append(args, "--user", "--map-root-user")
	}
	args = append(args, "--", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	c := exec.CommandContext(t.Context(), "unshare", args...)
	c.Env = append(os.Environ(), namespaceEnv+"=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("in a namespace: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "decoded") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// serveAt serves on the device, and returns the URL.
func serveAt(t *testing.T, handler http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(deviceAddr, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
