package bench

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// static is what a page is made of: its template, style and script, and uPlot
// 1.6.32 with its licence.
//
//go:embed static
var static embed.FS

// page is what the template is given. Its text is escaped by the template.
type page struct {
	Title, Lead           string
	Time, Commit, Command string
	Warning               string // what Warnings are about
	Warnings              []string
	Headline              []tile
	// Steps, Delay, Timeline and Figures have no rows where nothing is known.
	Steps, Delay, Timeline, Figures, Limit table
	Machine                                [][2]string
	Raise                                  string // of a [MaximumResult], or empty
	LimitTo                                string // where the bare loop sends
	HasServerCPU                           bool
	Style                                  template.CSS
	JSON, Plot, Script                     template.JS
}

// tile is one figure of the headline.
type tile struct{ Name, Value, Unit, Note string }

// table is the numbers of a chart, for people without a picture.
type table struct {
	Head []string
	Rows [][]string
}

// shown is one run of which the page has charts.
type shown struct {
	name string // as the head of a column
	*ForwardResult
}

// WriteHTML writes a report of [Forward], of repeated runs or of [Maximum] as
// one HTML page that needs nothing else: no request leaves it. The report may be
// just made or read from a file.
func WriteHTML(w io.Writer, r Report) error {
	var text bytes.Buffer
	if err := WriteJSON(&text, r); err != nil {
		return err
	}
	read, err := ReadReport(bytes.NewReader(text.Bytes()))
	if err != nil {
		return err
	}
	p, err := read.page()
	if err != nil {
		return err
	}
	if err := p.embed(text.String()); err != nil {
		return err
	}
	t, err := template.ParseFS(static, "static/page.html")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("bench: write page of %s report: %w", r.Kind, err)
	}
	return nil
}

// embed takes the files that go into the page as they are. In the JSON `<`
// becomes an escape that means the same, so that no string ends the script.
func (p *page) embed(report string) error {
	var text [5]string
	for i, name := range []string{"page.css", "uPlot.min.css", "page.js", "uPlot.iife.min.js", "uPlot.LICENSE.txt"} {
		b, err := static.ReadFile("static/" + name)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		text[i] = string(b)
	}
	p.Style = template.CSS(text[1] + "\n" + text[0])
	p.Script = template.JS(text[2])
	p.Plot = template.JS("/*!\n" + text[4] + "*/\n" + text[3])
	p.JSON = template.JS(strings.ReplaceAll(report, "<", `\u003c`))
	return nil
}

// page draws a report that was read up.
func (r Report) page() (*page, error) {
	p := &page{
		Time: r.Time.Format("2006-01-02 15:04 MST"), Commit: cmp.Or(r.Commit, "unknown"), Command: r.Command,
		Machine: r.Machine.facts(), Limit: r.Limit.table(),
	}
	if r.Kind == KindMaximum {
		var m MaximumResult
		if err := r.Decode(&m); err != nil {
			return nil, err
		}
		return p, p.maximum(&m, r.Limit)
	}
	results, err := r.runs()
	if err != nil {
		return nil, err
	}
	if slices.Contains(results, nil) {
		return nil, fmt.Errorf("bench: a %s report with an empty run", r.Kind)
	}
	runs := make([]shown, 0, len(results))
	for i, one := range results {
		runs = append(runs, shown{fmt.Sprint("Run ", i+1), one})
	}
	if len(runs) == 1 {
		runs[0].name = "Value"
	}
	p.Title, p.Lead = title(runs[0].ForwardResult), load(runs[0].ForwardResult)
	if len(runs) > 1 {
		p.Lead += fmt.Sprintf(", %d runs", len(runs))
	}
	p.warn(runs)
	p.charts(runs, r.Limit)
	return p, nil
}

// maximum shows the way to the highest load, and that load in full. If none was
// carried it shows the last one that was tried, which is the lowest.
func (p *page) maximum(m *MaximumResult, limit TrainCosts) error {
	p.Raise = m.Raise
	if len(m.Steps) == 0 || m.Best >= len(m.Steps) {
		return fmt.Errorf("bench: a maximum with %d steps, of which the best is %d", len(m.Steps), m.Best)
	}
	var all []shown
	for _, s := range m.Steps {
		if s.Result == nil {
			return fmt.Errorf("bench: a maximum without a result at %s %d", m.Raise, s.Value)
		}
		all = append(all, shown{m.value(s), s.Result})
	}
	best := all[len(all)-1]
	p.Title, p.Lead = "No load was carried", "Lowest load tried: "+best.name+". "
	if m.Best >= 0 {
		best = all[m.Best]
		p.Title, p.Lead = "Highest load carried: "+best.name, ""
	}
	p.Lead += title(best.ForwardResult) + ", " + load(best.ForwardResult)
	p.Steps = m.table()
	p.warn(all)
	best.name = "Value"
	p.charts([]shown{best}, limit)
	return nil
}

// charts fills in what is said of runs.
func (p *page) charts(runs []shown, limit TrainCosts) {
	p.Headline = headline(runs, limit)
	p.LimitTo = "over loopback"
	if s := runs[0].Sink; s != nil {
		p.LimitTo = "to " + s.Address + ", " + s.Mode.describe()
	}
	p.Figures = figuresTable(runs)
	p.Delay = delayTable(runs)
	p.HasServerCPU = slices.ContainsFunc(runs, func(r shown) bool { return r.Server.CPU > 0 })
	p.Timeline = timelineTable(runs, p.HasServerCPU)
}

// warn says which of the runs, or steps, tell of the client and not of the
// server.
func (p *page) warn(runs []shown) {
	for _, r := range runs {
		if r.Client.Bottleneck == "" {
			continue
		}
		where := ""
		if len(runs) > 1 {
			where = " (" + r.name + ")"
		}
		p.Warnings = append(p.Warnings, fmt.Sprintf("The client was the bottleneck%s: %s.", where, r.Client.Bottleneck))
	}
	switch {
	case p.Raise != "":
		p.Warning = "This maximum may be the client’s, not the server’s"
	case len(p.Warnings) < len(runs):
		p.Warning = "Some of these figures are about the client, not the server"
	default:
		p.Warning = "These figures are about the client, not the server"
	}
}

func title(r *ForwardResult) string {
	shape := r.Shape
	if shape != "" {
		shape = strings.ToUpper(shape[:1]) + shape[1:]
	}
	return fmt.Sprintf("%s: %s clients, %s subscriptions", shape, figure(float64(r.Clients)), figure(float64(r.Subscriptions)))
}

// load is what goes through the server. Audio has no bitrate to choose.
func load(r *ForwardResult) string {
	text := fmt.Sprintf("%s, %.3g s", r.Profile, r.Seconds)
	if r.Shape != "audio" {
		kind := " per video track, "
		if len(r.Encodings) > 1 {
			kind = " per video track and less in other encodings, "
		}
		text = megabits(r.Bitrate) + kind + text
	}
	if s := r.Sink; s != nil {
		text += fmt.Sprintf(". The media of all but %s subscriptions went to %s, %s",
			figure(float64(s.Checking)), s.Address, s.Mode.describe())
	}
	return text
}
