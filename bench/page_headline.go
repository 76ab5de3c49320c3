package bench

import "fmt"

// headline is what to read first. Of several runs it has the median, and the
// lowest and the highest in the note.
func headline(runs []shown, limit TrainCosts) []tile {
	var tiles []tile
	results := make([]*ForwardResult, 0, len(runs))
	for _, r := range runs {
		results = append(results, r.ForwardResult)
	}
	add := func(name, unit, note string, of func(*ForwardResult) float64) {
		values := valuesOf(results, of)
		if len(values) > 1 {
			note = spread(figure(values[0]), figure(values[len(values)-1]), len(values))
		}
		tiles = append(tiles, tile{name, figure(median(values)), unit, note})
	}
	r := results[0]
	add("Forwarded", "packets/s", figure(r.BitsOut/1e6)+" Mb/s",
		func(r *ForwardResult) float64 { return r.PacketsOut })
	of := count(r.Lost) + " of " + count(r.Expected)
	if r.Sink != nil {
		of += " that are checked"
	}
	add("Lost", "%", of,
		func(r *ForwardResult) float64 { return 100 * r.LossFraction() })
	add("Delay, 99 %", "ms", "half within "+figure(r.DelayMS.P50)+" ms",
		func(r *ForwardResult) float64 { return r.DelayMS.P99 })
	if r.Server.CPUPerPacket > 0 {
		add("Server CPU", "µs per packet", serverNote(r, limit),
			func(r *ForwardResult) float64 { return r.Server.CPUPerPacket })
	}
	if r.Server.BytesPerClient > 0 {
		add("Server memory", "MB per client", figure(float64(r.Server.IdleBytes)/1e6)+" MB when empty",
			func(r *ForwardResult) float64 { return r.Server.BytesPerClient / 1e6 })
	}
	add("Join, 99 %", "ms", "half within "+figure(r.JoinMS.P50)+" ms",
		func(r *ForwardResult) float64 { return r.JoinMS.P99 })
	return tiles
}

func spread(low, high string, runs int) string {
	if low == high {
		return fmt.Sprintf("in each of %d runs", runs)
	}
	return fmt.Sprintf("%s to %s in %d runs", low, high, runs)
}

// serverNote puts the cost beside that of a bare loop.
func serverNote(r *ForwardResult, limit TrainCosts) string {
	note := figure(r.Server.CPU) + " cores"
	if one := limit.PerPacket(max(1, r.Server.Train)); one > 0 {
		note += ", " + figure(r.Server.CPUPerPacket/one) + " × a bare loop"
	}
	return note
}
