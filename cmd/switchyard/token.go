package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

type tokenOptions struct {
	config, room, name, identity, role, url string
	moderator, bare, admin                  bool
	expires                                 time.Duration
	uses                                    int
}

func tokenCommand() *cobra.Command {
	var o tokenOptions
	c := &cobra.Command{
		Use:   "token --room ROOM",
		Short: "Print a link that lets somebody into a room",
		Long: "Print a link with a token that opens a room. It is signed with the first\n" +
			"secret of " + keysVariable + " or of auth.keys in the file of --config.\n\n" +
			"  switchyard token --room lounge --name Ana --moderator",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.moderator && !c.Flags().Changed("role") {
				o.role = string(room.RoleModerator)
			}
			link, err := o.link(time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), link)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "file with the keys")
	f.StringVar(&o.room, "room", "", "the room that it opens; * for all")
	f.StringVar(&o.name, "name", "", "name that the others see; if empty, what is typed in")
	f.StringVar(&o.identity, "identity", "", "who it is, for bans and for your own service")
	f.StringVar(&o.role, "role", string(room.RoleGuest), "viewer, guest or moderator")
	f.BoolVar(&o.moderator, "moderator", false, "the same as --role moderator")
	f.DurationVar(&o.expires, "expires", 24*time.Hour, "how long it is good")
	f.IntVar(&o.uses, "uses", 0, "how many may join with it; 0 for any number")
	f.StringVar(&o.url, "url", "http://127.0.0.1:8080", "where the page is")
	f.BoolVar(&o.admin, "admin", false, "print a token for everything in the admin API, which joins no room")
	f.BoolVar(&o.bare, "bare", false, "print the token alone")
	return c
}

// link returns the link, or the bare token.
func (o tokenOptions) link(now time.Time) (string, error) {
	base, err := url.Parse(o.url)
	grant, known := room.Role(o.role).Grant()
	if o.admin && o.room == "" {
		o.room, o.bare = "*", true
	}
	switch {
	case o.admin && (o.moderator || o.uses > 0 || !o.bare):
		return "", usageError{errors.New("--admin is for the admin API alone, and joins no room")}
	case o.room == "":
		return "", usageError{errors.New("--room is missing")}
	case o.room == "*" && !o.bare:
		return "", usageError{errors.New("--room * has no link; add --bare for the token")}
	case !known:
		return "", usageError{fmt.Errorf("--role %q is none of viewer, guest and moderator", o.role)}
	case o.expires <= 0:
		return "", usageError{fmt.Errorf("--expires %v is not positive", o.expires)}
	case o.uses < 0:
		return "", usageError{fmt.Errorf("--uses %d is negative", o.uses)}
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return "", usageError{fmt.Errorf("--url %q is not http://HOST or https://HOST", o.url)}
	}
	cfg, err := readConfig(o.config)
	if err != nil {
		return "", err
	}
	if cfg.keys.Len() == 0 {
		return "", usageError{fmt.Errorf("there is no key; set %s to what switchyard keygen prints, or name a file with --config", keysVariable)}
	}
	can := token.CanOf(grant)
	if o.admin {
		can = &token.Can{Admin: true}
	}
	signed, err := cfg.keys.Sign(token.Claims{
		Identity: o.identity, Name: o.name, Room: o.room, ID: strings.ToLower(rand.Text()[:16]), Uses: o.uses,
		Issued: now, Expires: now.Add(o.expires), Can: can,
	})
	if err != nil || o.bare {
		return signed, err
	}
	return strings.TrimSuffix(o.url, "/") + "/?room=" + url.QueryEscape(o.room) + "#token=" + signed, nil
}
