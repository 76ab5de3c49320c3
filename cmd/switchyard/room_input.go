package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room/admin"
)

func (o *roomOptions) addInputCommand() *cobra.Command {
	var in admin.InputOptions
	var streams []string
	var timeout time.Duration
	var sdp string
	c := o.command("add-input ROOM", "Open ports for plain RTP, and publish what comes", func(c *cobra.Command, a *adminClient, args []string) error {
		in.Timeout, in.Streams = timeout.Seconds(), nil
		for _, text := range streams {
			s, err := readStream(text)
			if err != nil {
				return usageError{err}
			}
			in.Streams = append(in.Streams, s)
		}
		var added admin.Input
		b, err := a.ask(c.Context(), http.MethodPost, fill("/rooms/{}/inputs", args), in, &added)
		if err != nil {
			return err
		}
		if sdp != "" {
			if err := os.WriteFile(sdp, []byte(added.SDP), 0o644); err != nil {
				return err
			}
		}
		return o.print(c.OutOrStdout(), b, printInput)
	})
	c.Long = "Open ports for plain RTP, such as ffmpeg and GStreamer send, and publish what\n" +
		"comes as a member of the room. The ports stay until the room ends.\n\n" +
		"  switchyard room add-input lounge --name Stage --stream h264/96@5004 --stream opus/111@5006\n" +
		"  switchyard room add-input lounge --stream screen=vp8/96"
	c.Flags().StringVar(&in.Name, "name", "", "name of the member")
	c.Flags().StringArrayVar(&streams, "stream", []string{"vp8/96"}, "what is sent, as [SOURCE=]CODEC/PAYLOADTYPE[@PORT]; may be repeated")
	c.Flags().StringVar(&in.Listen, "listen", "", "address that packets come to; if empty, 127.0.0.1")
	c.Flags().StringVar(&in.From, "from", "", "the only address that packets are taken from")
	c.Flags().DurationVar(&timeout, "timeout", 0, "how long nothing may come before the member leaves; 0 for 30s")
	c.Flags().StringVar(&sdp, "sdp", "", "file to write a session description of it to")
	return c
}

// readStream reads what --stream says.
func readStream(text string) (s admin.InputStream, err error) {
	bad := fmt.Errorf("--stream %q is not [SOURCE=]CODEC/PAYLOADTYPE[@PORT]", text)
	rest := text
	if source, after, ok := strings.Cut(rest, "="); ok {
		s.Source, rest = source, after
	}
	rest, port, given := strings.Cut(rest, "@")
	if given {
		if s.Port, err = strconv.Atoi(port); err != nil {
			return s, bad
		}
	}
	codec, pt, _ := strings.Cut(rest, "/")
	if s.PayloadType, err = strconv.Atoi(pt); err != nil || codec == "" {
		return s, bad
	}
	s.Codec = codec
	return s, nil
}

func printInput(w io.Writer, b []byte) error {
	var in admin.Input
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	return printInputList(w, in)
}

func printInputs(w io.Writer, b []byte) error {
	var v admin.Inputs
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return printInputList(w, v.Inputs...)
}

func printInputList(w io.Writer, list ...admin.Input) error {
	rows := []string{row("INPUT", "NAME", "STATE", "SOURCE", "CODEC", "RTP", "SENDER", "PACKETS", "LOST", "RESTARTS", "DROPPED")}
	for _, in := range list {
		for _, s := range in.Streams {
			rows = append(rows, row(
				in.ID, in.Name, in.State, s.Source, fmt.Sprintf("%s/%d", s.Codec, s.PayloadType), s.RTP, s.Sender,
				s.Packets, s.Lost, s.Restarts, countsLine(s.Drops),
			))
		}
	}
	return table(w, rows)
}

// countsLine lists counters by name, such as "rate 3, size 1".
func countsLine(counts map[string]uint64) string {
	var list []string
	for name, n := range counts {
		list = append(list, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
