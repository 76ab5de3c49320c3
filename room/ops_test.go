package room

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
)

// The schema of the event mod lists what the server knows, and nothing else.
func TestOpsAreInTheSchema(t *testing.T) {
	b, err := os.ReadFile("schema/mod.request.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Op struct{ Enum []string }
		}
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(slices.Values(schema.Properties.Op.Enum))
	if want := slices.Sorted(maps.Keys(ops)); !slices.Equal(got, want) {
		t.Errorf("the schema has %q, the server %q", got, want)
	}
}
