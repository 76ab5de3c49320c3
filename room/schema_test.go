package room_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// schemas are those of room/schema, by file. Every event and acknowledgement of
// these tests is held against them; see [conn.Emit], [conn.raw] and [conn.ask].
var schemas = sync.OnceValue(func() map[string]any {
	all := make(map[string]any)
	files, _ := filepath.Glob("schema/*.json")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			panic(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			panic(fmt.Sprintf("%s: %v", f, err))
		}
		all[filepath.Base(f)] = v
	}
	return all
})

// fits fails the test if JSON is not as a schema says.
func fits(t *testing.T, file string, b []byte) {
	t.Helper()
	if schemas()[file] == nil {
		t.Errorf("there is no schema/%s", file)
		return
	}
	if err := violation(file, b); err != "" {
		t.Errorf("%s does not fit schema/%s: %s", b, file, err)
	}
}

// violation tells what of JSON is against a schema; nothing if it fits.
func violation(file string, b []byte) string {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err.Error()
	}
	return check(file, schemas()[file], v, "")
}

// check knows the part of JSON Schema that room/schema uses, and fails for any
// other.
func check(file string, schema, v any, at string) string {
	s, ok := schema.(map[string]any)
	if !ok {
		return "there is no such schema"
	}
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		bad, arg := "", s[keyword]
		switch keyword {
		case "$schema", "$defs", "title", "description":
		case "$ref":
			bad = checkRef(file, arg.(string), v, at)
		case "type":
			if !slices.ContainsFunc(list(arg), func(t any) bool { return isType(t.(string), v) }) {
				bad = fmt.Sprintf("%v is not of type %v", v, arg)
			}
		case "enum":
			if !slices.ContainsFunc(arg.([]any), func(e any) bool { return reflect.DeepEqual(e, v) }) {
				bad = fmt.Sprintf("%v is none of %v", v, arg)
			}
		case "properties", "required", "additionalProperties":
			bad = checkObject(file, s, keyword, v, at)
		case "items":
			for i, item := range list(v) {
				bad += check(file, arg, item, fmt.Sprintf("%s[%d]", at, i))
			}
		default:
			bad = checkSize(keyword, arg, v)
		}
		if bad != "" {
			return strings.TrimPrefix(at+": "+bad, ": ")
		}
	}
	return ""
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func checkRef(file, ref string, v any, at string) string {
	other, path, _ := strings.Cut(ref, "#")
	if other == "" {
		other = file
	}
	to := schemas()[other]
	for _, step := range strings.Split(strings.Trim(path, "/"), "/") {
		if m, ok := to.(map[string]any); ok && step != "" {
			to = m[step]
		}
	}
	return check(other, to, v, at)
}

func isType(name string, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return name == "object"
	case []any:
		return name == "array"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	}
	return name == "null"
}

func checkObject(file string, s map[string]any, keyword string, v any, at string) string {
	object, ok := v.(map[string]any)
	if !ok {
		return "" // its type says so
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		p, known := properties[name]
		switch {
		case keyword == "properties" && known:
			if bad := check(file, p, object[name], at+"."+name); bad != "" {
				return bad
			}
		case keyword == "additionalProperties" && !known && s[keyword] != false:
			if bad := check(file, s[keyword], object[name], at+"."+name); bad != "" {
				return bad
			}
		case keyword == "additionalProperties" && !known:
			return fmt.Sprintf("%s is not in the schema", name)
		}
	}
	if keyword == "required" {
		for _, name := range s["required"].([]any) {
			if _, ok := object[name.(string)]; !ok {
				return fmt.Sprintf("%s is missing", name)
			}
		}
	}
	return ""
}

var patterns sync.Map // of *regexp.Regexp by source

func pattern(source string) *regexp.Regexp {
	p, ok := patterns.Load(source)
	if !ok {
		p, _ = patterns.LoadOrStore(source, regexp.MustCompile(source))
	}
	return p.(*regexp.Regexp)
}

func checkSize(keyword string, arg, v any) string {
	size, what := 0.0, ""
	switch v := v.(type) {
	case float64:
		size, what = v, "imum"
	case string:
		size, what = float64(utf8.RuneCountInString(v)), "Length"
		if keyword == "pattern" && !pattern(arg.(string)).MatchString(v) {
			return fmt.Sprintf("%q does not match %v", v, arg)
		}
	case []any:
		size, what = float64(len(v)), "Items"
	}
	switch {
	case keyword == "pattern", what == "":
	case keyword == "min"+what:
		if size < arg.(float64) {
			return fmt.Sprintf("%v is less than %v", size, arg)
		}
	case keyword == "max"+what:
		if size > arg.(float64) {
			return fmt.Sprintf("%v is more than %v", size, arg)
		}
	default:
		return "the test does not know " + keyword
	}
	return ""
}

// The check finds what does not fit.
func TestSchemasRefuse(t *testing.T) {
	for _, tt := range []struct{ file, in, want string }{
		{"offer.request.json", `{"id":1,"sdp":"x","later":{}}`, ""},
		{"offer.request.json", `{"id":1}`, "sdp is missing"},
		{"offer.request.json", `{"id":0,"sdp":"x"}`, ".id: 0 is less than 1"},
		{"offer.request.json", `{"id":1.5,"sdp":"x"}`, ".id: 1.5 is not of type integer"},
		{"offer.request.json", `{"id":1,"sdp":"x","publish":[{"mid":"0","source":"nose"}]}`, "nose is none of"},
		{"new_message.request.json", `{"cid":"a b","text":"x"}`, `"a b" does not match`},
		{"new_message.request.json", `{"cid":"a","text":"` + strings.Repeat("ü", 4001) + `"}`, "4001 is more than 4000"},
		{"slots.event.json", `{"slots":[{"mid":"0","publication":null,"state":"idle"}]}`, ""},
		{"slots.event.json", `{"slots":[{"mid":"0","publication":7,"state":"idle"}]}`, "7 is not of type"},
		{"need.event.json", `{"sugar":1}`, "sugar is not in the schema"},
		{"layers.event.json", `{"publication":"p1","active":["h","q"],"max_bps":650000}`, ""},
		{"layers.event.json", `{"publication":"p1","active":[],"codec":"AV1"}`, ""},
		{"layers.event.json", `{"publication":"p1"}`, "active is missing"},
		{"layers.event.json", `{"publication":"p1","active":[0]}`, ".active[0]: 0 is not of type string"},
		{"layers.event.json", `{"publication":"p1","active":[],"max_bps":0}`, "0 is less than 1"},
		{"sync.ack.json", `{"ok":true}`, "v is missing"},
		{"set.request.json", `{"attrs":{"mood":"fine"}}`, ""},
		{"set.request.json", `{"attrs":{"mood":7}}`, ".attrs.mood: 7 is not of type string"},
		{"poll.request.json", `{"op":"open","question":"?","choices":["yes"]}`, "1 is less than 2"},
		{"quality.event.json", `{"list":[{"member":"m","q":4}]}`, ".list[0].q: 4 is more than 3"},
		{"state.event.json", `[]`, "is not of type object"},
	} {
		if got := violation(tt.file, []byte(tt.in)); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s: %q, want %q", tt.file, tt.in, got, tt.want)
		}
	}
}

// The description for people names everything that the schemas do.
func TestProtocolIsDescribed(t *testing.T) {
	b, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	words := make(map[string]bool)
	for _, w := range regexp.MustCompile(`\w+`).FindAllString(string(b), -1) {
		words[w] = true
	}
	var visit func(file string, v any)
	visit = func(file string, v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(file, x)
			}
		case map[string]any:
			if p, ok := v["properties"].(map[string]any); ok {
				for name := range p {
					if !words[name] {
						t.Errorf("docs/protocol.md says nothing of %s in %s", name, file)
					}
				}
			}
			if e, ok := v["enum"].([]any); ok {
				for _, x := range e {
					if name, ok := x.(string); ok && !words[name] {
						t.Errorf("docs/protocol.md says nothing of %q in %s", name, file)
					}
				}
			}
			for _, x := range v {
				visit(file, x)
			}
		}
	}
	for file, v := range schemas() {
		visit(file, v)
		if event, _, _ := strings.Cut(file, "."); event != "types" && !words[event] {
			t.Errorf("docs/protocol.md says nothing of %s", event)
		}
	}
}
