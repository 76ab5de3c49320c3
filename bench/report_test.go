package bench

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestReportSurvivesJSON(t *testing.T) {
	result := MicroResult{Stages: []MicroStage{{Name: "parse", PacketNS: 8.5, Packets: 7}}}
	made := NewReport(KindMicro, "switchyard bench micro --filter '<parse>'", result)
	made.Limit = TrainCosts{1: 1.5, 16: 0.5}
	var file bytes.Buffer
	if err := WriteJSON(&file, made); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"schema": "switchyard-bench/1"`, `"kind": "micro"`, `'<parse>'`, `"16": 0.5`} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("no %s in %s", want, file.String())
		}
	}
	read, err := ReadReport(&file)
	if err != nil {
		t.Fatal(err)
	}
	var got MicroResult
	if err := read.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Stages) != 1 || got.Stages[0] != result.Stages[0] {
		t.Errorf("result %+v, want %+v", got, result)
	}
	if !read.Time.Equal(made.Time) || read.Machine != made.Machine || read.Command != made.Command || read.Limit[16] != 0.5 {
		t.Errorf("read %+v, want %+v", read, made)
	}
	if err := made.Decode(&got); err == nil {
		t.Error("a report that was not read can be decoded")
	}
}

func TestReadReportRefuses(t *testing.T) {
	for _, tt := range []struct {
		in     string
		schema bool // refused for its schema
	}{
		{`{"schema":"switchyard-bench/2","kind":"micro","result":{}}`, true},
		{`{"kind":"micro"}`, true},
		{`{}`, true},
		{``, false},
		{`[]`, false},
		{`{"schema":7}`, false},
	} {
		_, err := ReadReport(strings.NewReader(tt.in))
		if err == nil || errors.Is(err, ErrSchema) != tt.schema {
			t.Errorf("%s: %v; want an error, of the schema: %v", tt.in, err, tt.schema)
		}
	}
	if _, err := ReadReport(strings.NewReader(`{"schema":"switchyard-bench/1","new":1}`)); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestMachineAndTime(t *testing.T) {
	r := NewReport(KindLimit, "", nil)
	m := r.Machine
	if m.Cores < 1 || m.Go != runtime.Version() || !strings.HasPrefix(m.OS, runtime.GOOS+"/") {
		t.Errorf("machine %+v", m)
	}
	if runtime.GOOS == "linux" && (m.Memory < 1<<20 || !strings.HasPrefix(m.Kernel, "Linux ")) {
		t.Errorf("machine %+v", m)
	}
	if age := time.Since(r.Time); age < 0 || age > time.Minute {
		t.Errorf("the report is from %v", r.Time)
	}
	want := "EPYC, 2 cores, 8.0 GiB, Linux 6.18, linux/amd64, go1.26"
	if got := (Machine{"EPYC", 2, 8 << 30, "Linux 6.18", "linux/amd64", "go1.26"}).String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (Machine{Cores: 1, OS: "plan9/arm", Go: "go1.26"}).String(), "1 cores, plan9/arm, go1.26"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCommit(t *testing.T) {
	info := func(kv ...string) *debug.BuildInfo {
		var i debug.BuildInfo
		for ; len(kv) > 0; kv = kv[2:] {
			i.Settings = append(i.Settings, debug.BuildSetting{Key: kv[0], Value: kv[1]})
		}
		return &i
	}
	for _, tt := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{info("vcs.revision", "abc", "vcs.modified", "false"), "abc"},
		{info("vcs.modified", "true", "vcs.revision", "abc"), "abc-dirty"},
		{info("vcs.modified", "true"), ""},
		{info(), ""},
	} {
		if got := commit(tt.info, true); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.info.Settings, got, tt.want)
		}
	}
	if got := commit(nil, false); got != "" {
		t.Errorf("without build information: %q", got)
	}
}
