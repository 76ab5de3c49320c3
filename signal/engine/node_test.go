package engine

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Behind a load balancer that sends each request to another node, a client polls
// and upgrades all the same: the id says whose connection it is.
func TestNodesPassRequestsOn(t *testing.T) {
	nodes := map[string]http.Handler{}
	var turn atomic.Int64
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nodes[[]string{"a", "b_-2"}[turn.Add(1)%2]].ServeHTTP(w, r)
	}))
	defer balancer.Close()
	proxies := map[string]http.Handler{}
	for _, name := range []string{"a", "b_-2"} {
		s, at := listen(t, Options{Node: name, Foreign: func(node string) http.Handler {
			return proxies[node]
		}})
		nodes[name] = s
		to, err := url.Parse(strings.Split(at, "/engine.io")[0])
		if err != nil {
			t.Fatal(err)
		}
		proxies[name] = httputil.NewSingleHostReverseProxy(to)
	}
	at := balancer.URL + "/engine.io/?EIO=4&transport="
	b := from(t, "127.0.0.1")
	seen := map[string]bool{}
	for range 2 {
		session := b.open(at)
		_, id, _ := strings.Cut(session, "&sid=")
		node, random, _ := strings.Cut(id, ".")
		if len(random) != 22 || nodes[node] == nil {
			t.Errorf("the id is %q", id)
		}
		seen[node] = true
		for range 3 {
			b.want("POST", session, "4hi", 200, "ok")
			b.want("GET", session, "", 200, "4hi")
		}
		for range 3 { // at either node
			b.want("GET", at+"polling&sid="+node+".guess", "", 400, unknownSession)
		}
		ws := probe(t, session)
		ws.write("5")
		ws.write("4moved")
		ws.want("4moved")
	}
	if len(seen) < 2 {
		t.Errorf("only %v took connections", seen)
	}
}

// Whoever makes names of nodes up gets nowhere.
func TestNodesThatAreNone(t *testing.T) {
	s, at := listen(t, Options{Node: "here", Foreign: func(node string) http.Handler {
		if !isNode(node) || node == "here" {
			t.Errorf("asked for %q", node)
		}
		return nil
	}})
	b := from(t, "127.0.0.1")
	for _, id := range []string{
		"nowhere.x", ".x", "here.x", "here", "a.b.c", "../x.y", "x/y.z", "%2A.x", "%00.x", "ä.x", strings.Repeat("n", 33) + ".x", "a%20b.c",
	} {
		b.want("GET", at+"polling&sid="+id, "", 400, unknownSession)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
	for name, want := range map[string]string{"": "", "good_1-2": "good_1-2", "b.d": "", "ü": "", strings.Repeat("n", 33): ""} {
		if got := NewServer(Options{Node: name}).opts.Node; got != want {
			t.Errorf("node %q became %q", name, got)
		}
	}
}
