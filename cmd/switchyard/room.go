package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/admin"
)

// roomOptions is what all commands about rooms have.
type roomOptions struct {
	admin string
	json  bool
}

func roomCommand() *cobra.Command {
	var o roomOptions
	c := &cobra.Command{
		Use:   "room",
		Short: "Look at the rooms of a running server, and moderate them",
		Long: "Ask the admin API of a running server. If it has keys, " + tokenVariable + "\n" +
			"has to hold a token with can.admin, or with can.moderate for the room.\n\n" +
			"  switchyard room ls\n  switchyard room show lounge",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("unknown command \"room %s\"%s", args[0], nearestCommand(c, args[0]))}
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&o.admin, "admin", "http://"+adminAddr, "where the admin API is: a URL or HOST:PORT")
	c.PersistentFlags().BoolVar(&o.json, "json", false, "print what the server answers, for programs")
	c.AddCommand(
		o.look("ls", "List the open rooms", "/rooms", printRooms),
		o.look("show ROOM", "Show a room, its members and what they publish", "/rooms/{}", printRoom),
		o.look("slots ROOM MEMBER", "Show what each slot of a member is sent, and why", "/rooms/{}/members/{}/subscriptions", printSlots),
		o.openCommand(), o.act("end ROOM", "Remove all members and end a room", http.MethodDelete, "/rooms/{}", nil),
		o.act("kick ROOM MEMBER", "Remove a member", http.MethodDelete, "/rooms/{}/members/{}", nil),
		o.act("mute ROOM PUBLICATION", "Mute a publication until its member unmutes it", http.MethodPost, "/rooms/{}/publications/{}/mute", nil),
		o.act("mute-all ROOM", "Mute what everybody says who does not moderate", http.MethodPost, "/rooms/{}/mute", nil),
		o.look("bans ROOM", "List who is kept out of a room, open or not", "/rooms/{}/bans", printBans),
		o.roleCommand(), o.lobbyCommand(),
		o.act("lock ROOM", "Let nobody in who does not moderate", http.MethodPut, "/rooms/{}/lock", admin.Switch{On: true}),
		o.act("unlock ROOM", "Let everybody in again", http.MethodPut, "/rooms/{}/lock", admin.Switch{On: false}),
		o.moveCommand(), o.banCommand(), o.unbanCommand(), o.messageCommand(), o.eventsCommand(),
		o.look("inputs ROOM", "List what plain RTP comes to a room", "/rooms/{}/inputs", printInputs), o.addInputCommand(),
		o.act("remove-input ROOM INPUT", "Close the ports of an input and remove its member", http.MethodDelete, "/rooms/{}/inputs/{}", nil),
	)
	return c
}

// exactly refuses other numbers of arguments than the words in capitals.
func exactly(use string) cobra.PositionalArgs {
	_, words, _ := strings.Cut(use, " ")
	want := len(strings.Fields(words))
	return func(c *cobra.Command, args []string) error {
		if len(args) != want {
			return usageError{fmt.Errorf("%s: %d arguments, want %s", strings.TrimPrefix(c.CommandPath(), "switchyard "), len(args), use)}
		}
		return nil
	}
}

// fill puts arguments in a pattern.
func fill(pattern string, args []string) string {
	for _, a := range args {
		pattern = strings.Replace(pattern, "{}", url.PathEscape(a), 1)
	}
	return pattern
}

// command makes one of the sub-commands.
func (o *roomOptions) command(use, short string, run func(c *cobra.Command, a *adminClient, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: exactly(use),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := newAdminClient(o.admin)
			if err != nil {
				return err
			}
			return run(c, a, args)
		},
	}
}

// look makes a command that shows what the server answers.
func (o *roomOptions) look(use, short, pattern string, show func(io.Writer, []byte) error) *cobra.Command {
	return o.command(use, short, func(c *cobra.Command, a *adminClient, args []string) error {
		b, err := a.ask(c.Context(), http.MethodGet, fill(pattern, args), nil, nil)
		if err != nil {
			return err
		}
		return o.print(c.OutOrStdout(), b, show)
	})
}

func (o *roomOptions) print(w io.Writer, b []byte, show func(io.Writer, []byte) error) error {
	if !o.json {
		return show(w, b)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(b), "", "  "); err != nil {
		return err
	}
	pretty.WriteByte('\n')
	_, err := pretty.WriteTo(w)
	return err
}

// act makes a command that changes something, and prints nothing.
func (o *roomOptions) act(use, short, method, pattern string, body any) *cobra.Command {
	return o.command(use, short, func(c *cobra.Command, a *adminClient, args []string) error {
		_, err := a.ask(c.Context(), method, fill(pattern, args), body, nil)
		return err
	})
}

func (o *roomOptions) openCommand() *cobra.Command {
	var options admin.RoomOptions
	var timeout time.Duration
	var history int
	var flags openFlags
	c := o.command("open ROOM", "Open a room, or change its options", func(c *cobra.Command, a *adminClient, args []string) error {
		options.EmptyTimeout = timeout.Seconds()
		if c.Flags().Changed("chat-history") {
			options.ChatHistory = &history
		}
		flags.apply(c, &options)
		b, err := a.ask(c.Context(), http.MethodPut, fill("/rooms/{}", args), options, nil)
		if err != nil {
			return err
		}
		return o.print(c.OutOrStdout(), b, printSummary)
	})
	c.Flags().IntVar(&options.MaxMembers, "max-members", 0, "members at most; 0 for what the server has")
	c.Flags().DurationVar(&timeout, "empty-timeout", 0, "how long it stays open when it is empty; 0 for what the server has")
	c.Flags().IntVar(&history, "chat-history", 0, "messages that who comes later may read")
	c.Flags().StringSliceVar(&options.Codecs, "codecs", nil, "video codecs, best first, of a room that is not open yet")
	flags.add(c)
	return c
}

func (o *roomOptions) moveCommand() *cobra.Command {
	return o.command("move ROOM MEMBER TARGET", "Ask a member to go to another room", func(c *cobra.Command, a *adminClient, args []string) error {
		_, err := a.ask(c.Context(), http.MethodPost, fill("/rooms/{}/members/{}/move", args), admin.Move{Room: args[2]}, nil)
		return err
	})
}

// openFlags are what changes nothing unless it is given.
type openFlags struct {
	publish                           []string
	chat, data, locked, lobby, listed bool
}

func (f *openFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.publish, "publish", nil, "what those may send whose rights no token names: none, or some of microphone, camera, screen, screen_audio and other")
	c.Flags().BoolVar(&f.chat, "chat", true, "those may chat")
	c.Flags().BoolVar(&f.data, "data", true, "those may send data")
	c.Flags().BoolVar(&f.locked, "locked", false, "nobody enters who does not moderate")
	c.Flags().BoolVar(&f.lobby, "lobby", false, "who comes waits to be let in")
	c.Flags().BoolVar(&f.listed, "listed", false, "let everybody see that it is there, and how many members it has")
}

// apply puts what was given into options.
func (f *openFlags) apply(c *cobra.Command, o *admin.RoomOptions) {
	given := func(name string, v *bool) *bool {
		if c.Flags().Changed(name) {
			return v
		}
		return nil
	}
	o.Locked, o.Lobby, o.Listed = given("locked", &f.locked), given("lobby", &f.lobby), given("listed", &f.listed)
	p := admin.PolicyOptions{Chat: given("chat", &f.chat), Data: given("data", &f.data)}
	if c.Flags().Changed("publish") {
		p.Publish = []room.Source{}
		for _, s := range f.publish {
			if s != "none" {
				p.Publish = append(p.Publish, room.Source(s))
			}
		}
	}
	if p.Publish != nil || p.Chat != nil || p.Data != nil {
		o.Policy = &p
	}
}

func (o *roomOptions) messageCommand() *cobra.Command {
	var m admin.Message
	var to string
	c := o.command("message ROOM TEXT", "Say something in the chat, to everybody or to one", func(c *cobra.Command, a *adminClient, args []string) error {
		m.Text = args[1]
		at := path("rooms", args[0], "messages")
		if to != "" {
			at = path("rooms", args[0], "members", to, "messages")
		}
		_, err := a.ask(c.Context(), http.MethodPost, at, m, nil)
		return err
	})
	c.Flags().StringVar(&to, "to", "", "id of a member; if empty, everybody")
	c.Flags().StringVar(&m.Name, "name", "", "name that is shown; if empty, Server")
	return c
}

// eventsCommand prints what happens until the server ends or Ctrl-C is pressed.
func (o *roomOptions) eventsCommand() *cobra.Command {
	var name string
	c := o.command("events", "Print what happens in the rooms, until Ctrl-C", func(c *cobra.Command, a *adminClient, _ []string) error {
		query := ""
		if name != "" {
			query = "?room=" + url.QueryEscape(name)
		}
		resp, err := a.open(c.Context(), http.MethodGet, "/events"+query, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			if o.json {
				data += "\n"
			} else if data, err = noticeLine(data); err != nil {
				return err
			}
			if _, err := io.WriteString(c.OutOrStdout(), data); err != nil {
				return err
			}
		}
		return errors.New("the server ended the stream")
	})
	c.Flags().StringVar(&name, "room", "", "only what happens in this room")
	return c
}
