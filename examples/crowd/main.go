// Command crowd fills a room with members who send a recorded picture: for
// trying out how a page, or a service of one's own, bears a full room.
//
//	go run ./examples/crowd -ivf talk.ivf -room lounge -members 48 -churn 1s
//
// Every member is a WHIP client of its own (RFC 9725) that loops over the VP8
// frames of one IVF file, which has to begin with a key frame, such as that of
//
//	ffmpeg -f lavfi -i testsrc=size=320x180:rate=5 -t 10 -c:v libvpx talk.ivf
//
// With -churn one member leaves at every such interval, and another one comes in its
// place. The crowd leaves on an interrupt, or when its standard input ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8080", "of the server")
	room := flag.String("room", "lounge", "to fill")
	file := flag.String("ivf", "", "file of VP8 frames")
	members := flag.Int("members", 48, "in the room at a time")
	churn := flag.Duration("churn", 0, "between one who leaves and the next; 0 for never")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() {
		// Whoever started it may end it by closing its input.
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	frames, err := readFrames(*file)
	if err != nil {
		log.Fatal(err)
	}
	c := crowd{url: *url, room: *room, frames: frames}
	defer c.close()
	if err := c.run(ctx, *members, *churn); err != nil && !errors.Is(err, context.Canceled) {
		log.Print(err)
	}
}

// crowd is who is in the room now, who came first in front.
type crowd struct {
	url, room string
	frames    recording
	members   []*member
	came      int // members so far, for their names
}

func (c *crowd) run(ctx context.Context, n int, churn time.Duration) error {
	for len(c.members) < n {
		if err := c.join(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("%d members are in %s\n", n, c.room) // says that it is complete
	if churn <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(churn)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// From the middle, so that it is seen on the first page as well.
			i := (c.came * 7) % len(c.members)
			c.members[i].leave()
			c.members = append(c.members[:i], c.members[i+1:]...)
			if err := c.join(ctx); err != nil {
				return err
			}
		}
	}
}

func (c *crowd) join(ctx context.Context) error {
	c.came++
	m, err := join(ctx, c.url, c.room, fmt.Sprint("Member ", c.came), c.frames)
	if err != nil {
		return fmt.Errorf("member %d: %w", c.came, err)
	}
	c.members = append(c.members, m)
	return nil
}

func (c *crowd) close() {
	for _, m := range c.members {
		m.leave()
	}
}
