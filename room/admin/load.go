package admin

import (
	"context"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

type windowQuery struct {
	Seconds float64 `query:"seconds" minimum:"0.1" maximum:"30" default:"2" doc:"length of the window"`
}

// windowOf refuses what is no number, which passes a comparison.
func windowOf(seconds float64) (time.Duration, error) {
	if !(seconds >= windowLeast.Seconds() && seconds <= windowMost.Seconds()) {
		return 0, room.ErrBadRequest
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

type capacityInput struct {
	Seconds float64 `query:"seconds" minimum:"0.1" maximum:"30" default:"2" doc:"length of the window"`
	Bitrate int64   `query:"bitrate" required:"true" minimum:"1" maximum:"1000000000" doc:"bit/s of UDP payload of one more subscriber"`
}

type costOutput struct{ Body Cost }

type capacityOutput struct{ Body Capacity }

func (a *api) addLoad() {
	add(a, operation{"cost", table.Cost, 0}, func(ctx context.Context, in *windowQuery) (*costOutput, error) {
		window, err := windowOf(in.Seconds)
		if err != nil {
			return nil, err
		}
		c, err := a.cfg.Meter.Cost(ctx, window)
		return &costOutput{c}, err
	})
	add(a, operation{"capacity", table.Capacity, 0}, func(ctx context.Context, in *capacityInput) (*capacityOutput, error) {
		window, err := windowOf(in.Seconds)
		if err != nil {
			return nil, err
		}
		c, err := a.cfg.Meter.Capacity(ctx, sfu.Bitrate(in.Bitrate), window)
		return &capacityOutput{c}, err
	})
}
