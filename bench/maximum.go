package bench

import (
	"context"
	"fmt"
	"time"
)

// KindMaximum is a [Report] whose result is a [MaximumResult].
const KindMaximum = "maximum"

const (
	raiseFactor = 1.5 // from one step to the next, until one fails
	halvings    = 4   // of the last step's distance, after that
	mostSteps   = 16
)

// MaximumOptions configures [Maximum].
type MaximumOptions struct {
	// Forward is the load to start from.
	Forward ForwardOptions
	// Raise is what each step raises: "bitrate" or "subscribers". If empty,
	// "bitrate".
	Raise string
	// MaxLoss and MaxDelay are what a step may have at the most: the fraction
	// lost, and the delay of 99 % of the packets. If zero, 0.005 and 20 ms. A
	// negative MaxDelay allows any.
	MaxLoss  float64
	MaxDelay time.Duration
}

// MaximumResult is the highest load that a server carried, and the way there.
type MaximumResult struct {
	Raise string        `json:"raise"`
	Steps []MaximumStep `json:"steps"` // in the order in which they were tried
	// Best is the index in Steps of the highest load that was carried, or -1.
	Best int `json:"best"`
	// MaxLoss (0 to 1) and MaxDelayMS (of 99 % of the packets, ms) are what a
	// step was allowed; no MaxDelayMS is any.
	MaxLoss    float64 `json:"max_loss,omitempty"`
	MaxDelayMS float64 `json:"max_delay_ms,omitempty"`
}

// MaximumStep is one load.
type MaximumStep struct {
	Value  int            `json:"value"`         // of what was raised
	Why    string         `json:"why,omitempty"` // it was too much; empty if it was not
	Result *ForwardResult `json:"result"`
}

// Maximum raises the load, with a new server for each step unless one runs
// already, until loss or delay say that it is too much, and closes in on the
// highest that is not. It stops by itself after 16 steps.
func Maximum(ctx context.Context, o MaximumOptions) (*MaximumResult, error) {
	o.Forward = o.Forward.withDefaults()
	if o.MaxLoss == 0 {
		o.MaxLoss = 0.005
	}
	if o.MaxDelay == 0 {
		o.MaxDelay = 20 * time.Millisecond
	}
	start := 0
	switch o.Raise {
	case "", "bitrate":
		o.Raise, start = "bitrate", o.Forward.Bitrate
	case "subscribers":
		if start = o.Forward.Subscribers; start == 0 {
			start = 50
		}
	default:
		return nil, fmt.Errorf("bench: raise %q is neither bitrate nor subscribers", o.Raise)
	}
	r := &MaximumResult{Raise: o.Raise, Best: -1, MaxLoss: o.MaxLoss, MaxDelayMS: float64(max(0, o.MaxDelay)) / 1e6}
	err := findMax(start, func(value int) (bool, error) {
		step, err := o.try(ctx, value)
		if err != nil {
			return false, err
		}
		r.Steps = append(r.Steps, step)
		if step.Why == "" && (r.Best < 0 || value > r.Steps[r.Best].Value) {
			r.Best = len(r.Steps) - 1
		}
		return step.Why == "", nil
	})
	return r, err
}

// try measures one load.
func (o MaximumOptions) try(ctx context.Context, value int) (MaximumStep, error) {
	f := o.Forward
	if o.Raise == "bitrate" {
		f.Bitrate = value
	} else {
		f.Subscribers = value
	}
	result, err := Forward(ctx, f)
	if err != nil {
		return MaximumStep{}, err
	}
	s := MaximumStep{Value: value, Result: result, Why: o.judge(result)}
	verdict := s.Why
	if verdict == "" {
		verdict = "carried"
	}
	o.Forward.Progress(Progress{Text: fmt.Sprintf("%s %d: %.0f packets/s, %s", o.Raise, value, result.PacketsOut, verdict)})
	return s, nil
}

// judge says why a load was too much, or "". Where the client gave way it says
// that too, since the maximum is then the client's.
func (o MaximumOptions) judge(r *ForwardResult) string {
	why := ""
	switch loss, p99 := r.LossFraction(), r.DelayMS.P99; {
	case loss > o.MaxLoss:
		why = fmt.Sprintf("%.2f %% were lost", 100*loss)
	case o.MaxDelay > 0 && p99 > float64(o.MaxDelay)/1e6:
		why = fmt.Sprintf("1 %% of the packets took more than %.1f ms", p99)
	case r.Sink != nil && r.Sink.Short() > sinkShort:
		why = fmt.Sprintf("%.1f %% were not sent to the sink", 100*r.Sink.Short())
	default:
		return ""
	}
	if r.Client.Bottleneck != "" {
		why += ", and " + r.Client.Bottleneck
	}
	return why
}

// findMax raises a value from start until good says no, then halves the distance
// a few times. A start that is too much is lowered instead.
func findMax(start int, good func(value int) (bool, error)) error {
	low, high := 0, 0 // the highest good and the lowest bad value; 0: none yet
	for step, value := 0, start; step < mostSteps && value > 0; step++ {
		ok, err := good(value)
		if err != nil {
			return err
		}
		if ok {
			low = max(low, value)
		} else if high == 0 || value < high {
			high = value
		}
		if high == 0 {
			value = int(float64(value) * raiseFactor)
			continue
		}
		next := (low + high) / 2
		if float64(high-low) <= float64(high)*(raiseFactor-1)/(1<<halvings) || next == low {
			return nil
		}
		value = next
	}
	return nil
}
