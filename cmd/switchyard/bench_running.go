package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

// benchLoadCommand is a load test of a Switchyard that runs already.
func benchLoadCommand() *cobra.Command {
	o := forwardOptions{ForwardOptions: bench.ForwardOptions{Running: &bench.RunningServer{}}}
	c := &cobra.Command{
		Use:   "load --url URL",
		Short: "Load a Switchyard that runs already, as a test before an event",
		Long: "Let synthetic clients join rooms of a Switchyard that runs already, over its\n" +
			"public signalling, and measure what they receive. Load only servers of your own.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Running.URL == "" {
				return usageError{errors.New("--url is missing: the address that the server printed")}
			}
			return o.run(c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	o.loadFlags(c)
	c.Flags().StringVar(&o.Running.URL, "url", "", "address of the server, such as http://127.0.0.1:8080")
	c.Flags().StringVar(&o.Room, "room", "bench", "name of the rooms; each has its number behind it")
	c.Flags().StringVar(&o.Running.Admin, "server-admin", "", "address of its admin listener, such as http://127.0.0.1:9090, if its statistics are to be in the report")
	c.Flags().IntVar(&o.Running.PID, "server-pid", 0, "process of the server, if it is on this machine and its cost is to be measured")
	return c
}

// benchWHIPCommand measures any server that speaks WHIP and WHEP.
func benchWHIPCommand() *cobra.Command {
	o := forwardOptions{ForwardOptions: bench.ForwardOptions{Running: &bench.RunningServer{}, Shape: "webinar", Publishers: 1}}
	c := &cobra.Command{
		Use:   "whip --publish URL --play URL",
		Short: "Measure any server that speaks WHIP and WHEP",
		Long: "Publish one stream by WHIP, play it by WHEP as often as --viewers says, and\n" +
			"measure what arrives: the same client, packets and clock as of `bench forward`.\n" +
			"In both URLs %s stands for the name of the stream.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Running.Publish == "" || o.Running.Play == "" {
				return usageError{errors.New("--publish and --play are needed, such as http://127.0.0.1:8889/%s/whip")}
			}
			return o.run(c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Running.Publish, "publish", "", "URL of WHIP")
	f.StringVar(&o.Running.Play, "play", "", "URL of WHEP")
	f.IntVar(&o.Subscribers, "viewers", 50, "who play")
	f.IntVar(&o.Running.PID, "server-pid", 0, "process of the server, to measure what it costs")
	o.measureFlags(c)
	f.Lookup("simulcast").Usage = "send video in three encodings"
	f.Lookup("find-max").Usage += " (viewers)"
	return c
}
