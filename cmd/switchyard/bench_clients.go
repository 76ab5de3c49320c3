package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

// mostChurn is the most that --churn can be: more than any server lets in.
const mostChurn = 1000

// clientFlags adds how synthetic clients behave.
func (o *forwardOptions) clientFlags(c *cobra.Command) {
	f := c.Flags()
	o.flags = f
	f.BoolVar(&o.simulcast, "simulcast", false, "send video in three encodings (default true for shape meeting)")
	f.BoolVar(&o.reports, "reports", true, "subscribers send receiver reports")
	f.BoolVar(&o.NACK, "nack", false, "subscribers ask for what is missing")
	f.BoolVar(&o.TransportCC, "twcc", false, "subscribers send transport-wide feedback")
	f.Float64Var(&o.Drop, "drop", 0, "fraction of the packets that subscribers throw away, before anything is counted")
	f.Float64Var(&o.DropSent, "drop-sent", 0, "fraction of the packets that publishers do not send")
	f.IntVar(&o.Sample, "sample", 16, "open one of so many packets: its authentication is checked and its delay measured")
	f.BoolVar(&o.verifyAll, "verify-all", false, "open all packets, as --sample 1")
}

// resolveClients checks these flags.
func (o *forwardOptions) resolveClients() error {
	o.NoReports = !o.reports
	if o.flags.Changed("simulcast") {
		o.Simulcast = &o.simulcast
	}
	if o.verifyAll {
		o.Sample = 1
	}
	if o.Sample < 1 {
		return usageError{fmt.Errorf("--sample %d is below 1", o.Sample)}
	}
	if !(o.Churn >= 0 && o.Churn <= mostChurn) || o.Slow < 0 {
		return usageError{fmt.Errorf("--churn %v is not between 0 and %d, or --slow %d below 0", o.Churn, mostChurn, o.Slow)}
	}
	for name, v := range map[string]float64{"drop": o.Drop, "drop-sent": o.DropSent} {
		if !(v >= 0 && v <= 1) {
			return usageError{fmt.Errorf("--%s %v is not between 0 and 1", name, v)}
		}
	}
	return nil
}

// printClients says what the clients did beside sending and receiving.
func printClients(row func(name, format string, args ...any), r *bench.ForwardResult) {
	if r.Dropped+r.Withheld > 0 {
		row("on purpose", "%d packets thrown away by subscribers, %d not sent by publishers", r.Dropped, r.Withheld)
	}
	if w := r.Feedback; w != nil {
		row("feedback", "%d members agreed on transport-wide feedback: %d messages about %d packets", w.Members, w.Messages, w.Packets)
	}
	if p := r.Repair; p != nil {
		row("repair", "%d requests, %d repaired, %d for nothing; %d sent again by publishers", p.Requested, p.Repaired, p.Redundant, p.Resent)
	}
	if c := r.Churn; c != nil {
		row("churn", "%d left, %d joined, %d could not, %d turns left out", c.Left, c.Joined, c.Failed, c.Behind)
		row("", "delay in their first 2 s: %s", ms(c.DelayMS))
		if c.Why != "" {
			row("", "the first that could not: %s", c.Why)
		}
	}
	if s := r.Slow; s != nil {
		row("slow", "%d members, %d of %d packets came; the server closed %d of them", s.Members, s.Received, s.Expected, s.Gone)
	}
	for _, e := range r.Encodings {
		row("encoding "+e.RID, "%s, sent %d packets (%.1f MB); %d of %d came (%.1f MB)",
			e.Size, e.Sent, float64(e.SentBytes)/1e6, e.Received, e.Expected, float64(e.ReceivedBytes)/1e6)
	}
}
