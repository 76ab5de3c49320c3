package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"
)

// Schema names the version of [Report]. It changes when a field changes its
// meaning or goes away, not when one is added.
const Schema = "switchyard-bench/1"

// Kinds of reports, by the sub-command that makes them.
const (
	KindMicro = "micro" // Result is a [MicroResult]
	KindLimit = "limit" // Result is a [LimitResult]
)

// Report is the envelope of every result: what was measured, where, when, with
// which code and which command. As JSON it is one object; docs/benchmarks.md
// describes it for readers of files.
type Report struct {
	Schema string    `json:"schema"`
	Kind   string    `json:"kind"` // which type Result has
	Time   time.Time `json:"time"` // of the report, UTC
	// Machine is what the figures belong to.
	Machine Machine `json:"machine"`
	// Commit is the revision of the code with "-dirty" behind it if that was
	// changed, or empty if the binary does not know.
	Commit string `json:"commit"`
	// Command is the command line that repeats the run.
	Command string `json:"command"`
	// Limit is what a bare loop costs on this machine; nil if that was not
	// measured.
	Limit TrainCosts `json:"limit,omitempty"`
	// Result is of the type that Kind tells, or undecoded in a report that was
	// read; see [Report.Decode].
	Result any `json:"result"`
}

// NewReport wraps a result in the facts of this machine, binary and moment.
// command is the command line that repeats the run.
func NewReport(kind, command string, result any) Report {
	return Report{
		Schema:  Schema,
		Kind:    kind,
		Time:    time.Now().UTC().Truncate(time.Second),
		Machine: ThisMachine(),
		Commit:  commit(debug.ReadBuildInfo()),
		Command: command,
		Result:  result,
	}
}

// commit reads what the Go tool noted when it built the binary; it notes nothing
// for tests and for `go run`.
func commit(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return ""
	}
	revision, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "-dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}

// WriteJSON writes a report as indented JSON with a newline behind it.
func WriteJSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("bench: write %s report: %w", r.Kind, err)
	}
	return nil
}

// ErrSchema is returned for JSON that is not a report of this version.
var ErrSchema = errors.New("bench: not a report of schema " + Schema)

// ReadReport reads what [WriteJSON] wrote. The result stays undecoded until
// [Report.Decode]. It fails with [ErrSchema] for what another version wrote, and
// passes over fields that it does not know.
func ReadReport(r io.Reader) (Report, error) {
	var result json.RawMessage
	got := Report{Result: &result}
	if err := json.NewDecoder(r).Decode(&got); err != nil {
		return Report{}, fmt.Errorf("bench: read report: %w", err)
	}
	if got.Schema != Schema {
		return Report{}, fmt.Errorf("%w, but of %q", ErrSchema, got.Schema)
	}
	got.Result = result
	return got, nil
}

// Decode writes the result of a report that was read into the value that into
// points to, of the type that Kind tells.
func (r Report) Decode(into any) error {
	raw, ok := r.Result.(json.RawMessage)
	if !ok {
		return fmt.Errorf("bench: the %s report was not read but made", r.Kind)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("bench: %s result: %w", r.Kind, err)
	}
	return nil
}
