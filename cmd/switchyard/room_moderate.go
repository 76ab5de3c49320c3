package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/admin"
)

func (o *roomOptions) banCommand() *cobra.Command {
	var length time.Duration
	var identity bool
	c := o.command("ban ROOM MEMBER", "Remove a member and keep it out", func(c *cobra.Command, a *adminClient, args []string) error {
		b := admin.Ban{Member: args[1]}
		if identity {
			b = admin.Ban{Identity: args[1]}
		}
		if length > 0 {
			until := time.Now().Add(length)
			b.Until = &until
		}
		_, err := a.ask(c.Context(), http.MethodPost, fill("/rooms/{}/bans", args), b, nil)
		return err
	})
	c.Flags().DurationVar(&length, "for", 0, "how long; 0 for as long as the server remembers")
	c.Flags().BoolVar(&identity, "identity", false, "MEMBER is an identity of tokens, which need not be there")
	return c
}

func (o *roomOptions) unbanCommand() *cobra.Command {
	var identity bool
	c := o.command("unban ROOM MEMBER", "Let in again who was banned", func(c *cobra.Command, a *adminClient, args []string) error {
		who := "member"
		if identity {
			who = "identity"
		}
		_, err := a.ask(c.Context(), http.MethodDelete, fill("/rooms/{}/bans?"+who+"="+url.QueryEscape(args[1]), args[:1]), nil, nil)
		return err
	})
	c.Flags().BoolVar(&identity, "identity", false, "MEMBER is an identity of tokens")
	return c
}

func (o *roomOptions) roleCommand() *cobra.Command {
	return o.command("role ROOM MEMBER ROLE", "Make a member a viewer, guest or moderator", func(c *cobra.Command, a *adminClient, args []string) error {
		role := admin.RoleChange{Role: room.Role(args[2])}
		if _, ok := role.Role.Grant(); !ok {
			return usageError{fmt.Errorf("%q is none of viewer, guest and moderator", args[2])}
		}
		_, err := a.ask(c.Context(), http.MethodPut, fill("/rooms/{}/members/{}/role", args), role, nil)
		return err
	})
}

func (o *roomOptions) lobbyCommand() *cobra.Command {
	const set, one = "/rooms/{}/lobby", "/rooms/{}/lobby/{}/"
	c := &cobra.Command{
		Use: "lobby", Short: "Look who waits to be let into a room, and decide",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("unknown command \"room lobby %s\"%s", args[0], nearestCommand(c, args[0]))}
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		o.look("ls ROOM", "List who waits", set, printLobby),
		o.act("admit ROOM TICKET", "Let in who waits", http.MethodPost, one+"admit", nil),
		o.act("deny ROOM TICKET", "Send away who waits", http.MethodPost, one+"deny", nil),
		o.act("on ROOM", "Have who comes wait", http.MethodPut, set, admin.Switch{On: true}),
		o.act("off ROOM", "Let everybody in, who waits first", http.MethodPut, set, admin.Switch{On: false}),
	)
	return c
}
