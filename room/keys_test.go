package room

import "testing"

// A key counts until its successor is known to have arrived.
func TestKeys(t *testing.T) {
	k := keys{current: "first"}
	want := func(key string, valid, expired bool) {
		t.Helper()
		if v, e := k.check(key); v != valid || e != expired {
			t.Errorf("%q: valid %v, expired %v, want %v, %v", key, v, e, valid, expired)
		}
	}
	want("", false, false)
	want("other", false, false)
	k.rotate("first")
	second := k.current
	want("first", true, false)
	want(second, true, false)
	k.rotate("first") // the acknowledgement with the second was lost
	third := k.current
	want("first", true, false)
	want(second, false, false)
	want(third, true, false)
	k.confirm()
	want("first", false, true)
	want(third, true, false)
	k.rotate(third)
	k.rotate(k.current) // it arrived, and nothing else was said
	want(third, false, true)
	for range 3 * keysRetired {
		k.rotate(k.current)
		k.confirm()
	}
	if len(k.retired) != keysRetired {
		t.Errorf("%d keys are kept", len(k.retired))
	}
	want("first", false, false)
}
