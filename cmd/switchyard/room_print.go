package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/admin"
)

// table writes rows below each other; cells are separated by tabs.
func table(w io.Writer, rows []string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, r)
	}
	return t.Flush()
}

// row joins cells; an empty one is a dash.
func row(cells ...any) string {
	var list []string
	for _, c := range cells {
		list = append(list, cmp.Or(fmt.Sprint(c), "-"))
	}
	return strings.Join(list, "\t")
}

func printRooms(w io.Writer, b []byte) error {
	var v admin.Rooms
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	rows := []string{row("ROOM", "MEMBERS", "PUBLICATIONS", "WAITING", "OPEN FOR", "DOOR")}
	for _, r := range v.Rooms {
		rows = append(rows, row(
			r.Name, fmt.Sprintf("%d/%d", r.Members, r.MaxMembers), r.Publications, r.Waiting, age(r.Created), door(r),
		))
	}
	return table(w, rows)
}

// age is how long ago something was, in whole seconds.
func age(t time.Time) string { return time.Since(t).Round(time.Second).String() }

func door(r admin.RoomSummary) string {
	switch {
	case r.Locked:
		return "locked"
	case r.Lobby:
		return "lobby"
	}
	return "open"
}

func printSummary(w io.Writer, b []byte) error {
	var r admin.RoomSummary
	if err := json.Unmarshal(b, &r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %d of %d members, %s, empty for %v at most, %d messages kept%s\n",
		r.Name, r.Members, r.MaxMembers, door(r), time.Duration(r.EmptyTimeout*float64(time.Second)), r.ChatHistory, kind(r))
	return err
}

// kind says what a room has otherwise than most.
func kind(r admin.RoomSummary) string {
	s := ""
	if r.Hidden > 0 {
		s += fmt.Sprintf(", %d hidden", r.Hidden)
	}
	if r.Listed {
		s += ", listed"
	}
	if len(r.Codecs) > 0 {
		s += ", " + strings.Join(r.Codecs, " before ")
	}
	var may []string
	for _, source := range r.Policy.Publish {
		may = append(may, string(source))
	}
	if r.Policy.Chat {
		may = append(may, "chat")
	}
	if r.Policy.Data {
		may = append(may, "data")
	}
	if len(may) < len(room.Sources())+2 {
		s += "; guests may: " + cmp.Or(strings.Join(may, ", "), "watch")
	}
	return s
}

func printRoom(w io.Writer, b []byte) error {
	var r admin.Room
	if err := json.Unmarshal(b, &r); err != nil {
		return err
	}
	if err := printSummary(w, b); err != nil {
		return err
	}
	rows := []string{"", row("MEMBER", "NAME", "IDENTITY", "ROLE", "STATE", "KIND", "JOINED", "SENDS", "SHOWN", "WAITS FOR")}
	for _, m := range r.MemberList {
		rows = append(rows, row(m.ID, m.Name, m.Identity, m.Role, m.State, m.Kind, age(m.Joined), m.Publications, m.Shown, m.Waiting))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	rows = []string{"", row("PUBLICATION", "MEMBER", "SOURCE", "CODEC", "MUTED", "LAYERS")}
	for _, p := range r.PublicationList {
		var layers []string
		for _, l := range p.Layers {
			layers = append(layers, fmt.Sprintf("%dx%d@%.0f %d kbit/s", l.Width, l.Height, l.FrameRate, l.Bitrate/1000))
		}
		rows = append(rows, row(p.ID, p.Member, p.Source, p.Codec, p.Muted, strings.Join(layers, ", ")))
	}
	return table(w, rows)
}

func printSlots(w io.Writer, b []byte) error {
	var v admin.Subscriptions
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	rows := []string{row("SLOT", "STATE", "WHY", "PUBLICATION", "OF", "SOURCE", "LAYER", "PICTURE", "PACKETS", "LOST")}
	for _, s := range v.Slots {
		layer, picture := "", ""
		if s.Kind == "video" {
			layer = strings.TrimSpace(fmt.Sprintf("%s S%dT%d", s.RID, s.Spatial, s.Temporal))
		}
		if s.Width > 0 {
			picture = fmt.Sprintf("%dx%d", s.Width, s.Height)
		}
		rows = append(rows, row(
			s.MID, s.State, s.Why, s.Publication, s.Publisher, s.Source, layer, picture, s.PacketsSent, fmt.Sprintf("%.1f %%", 100*s.FractionLost),
		))
	}
	for _, x := range v.Waiting {
		rows = append(rows, row("", "waiting", x.Why, x.Publication, "", "", "", "", "", ""))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "round trip %.1f ms\n", v.RoundTripMS)
	return err
}

func printBans(w io.Writer, b []byte) error {
	var v admin.Bans
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	rows := []string{row("MEMBER", "IDENTITY", "UNTIL")}
	for _, x := range v.Bans {
		until := ""
		if x.Until != nil {
			until = x.Until.Local().Format(time.DateTime)
		}
		rows = append(rows, row(x.Member, x.Identity, until))
	}
	return table(w, rows)
}

func printLobby(w io.Writer, b []byte) error {
	var v admin.Lobby
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	state := "off"
	if v.On {
		state = "on"
	}
	rows := []string{"the lobby is " + state, "", row("TICKET", "NAME", "WAITS FOR", "STATE")}
	for _, x := range v.Waiting {
		state := "waits"
		if x.Admitted {
			state = "admitted"
		}
		rows = append(rows, row(x.Ticket, x.Name, age(x.Since), state))
	}
	return table(w, rows)
}

// noticeLine is an event as one line.
func noticeLine(data string) (string, error) {
	var n room.Notice
	if err := json.Unmarshal([]byte(data), &n); err != nil {
		return "", err
	}
	if n.Event == "" {
		return "some events were missed\n", nil
	}
	parts := []string{n.Time.Local().Format(time.TimeOnly), n.Room, n.Event}
	if m := n.Member; m != nil {
		parts = append(parts, m.ID, m.Name)
	}
	if p := n.Publication; p != nil {
		parts = append(parts, p.ID, string(p.Source))
	}
	return strings.Join(append(parts, n.Reason), " ") + "\n", nil
}
