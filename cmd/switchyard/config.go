package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room/token"
	"github.com/switchyard-rtc/switchyard/room/webhook"
)

const (
	// keysVariable has keys as ID:SECRET, several with commas between them.
	keysVariable  = "SWITCHYARD_AUTH_KEYS"
	longestConfig = 1 << 20 // bytes
)

// config is the file of --config. The zero value of a field is what it is
// without one. Its keys are described in docs/operations.md.
type config struct {
	HTTP  string `yaml:"http"`
	Admin string `yaml:"admin"`
	UDP   string `yaml:"udp"`
	Data  string `yaml:"data"`

	TrustedProxies []string `yaml:"trusted_proxies"`

	Rooms struct {
		Max          *int   `yaml:"max"`
		MaxMembers   *int   `yaml:"max_members"`
		EmptyTimeout string `yaml:"empty_timeout"`
	} `yaml:"rooms"`
	Auth authConfig `yaml:"auth"`
	RTC  struct {
		Codecs []string `yaml:"codecs"`
	} `yaml:"rtc"`

	Webhooks []webhookConfig `yaml:"webhooks"`

	linger time.Duration // EmptyTimeout; 0 for the default
	keys   *token.Keys   // of Auth, or of the environment; never nil
	jwks   *token.JWKS   // of Auth; nil without
}

type authConfig struct {
	Mode string        `yaml:"mode"` // "open", "token" or, with keys the same as that, ""
	Keys yaml.MapSlice `yaml:"keys"` // secrets by id; the first signs
	JWKS string        `yaml:"jwks_url"`

	LiveKit bool `yaml:"accept_livekit_grants"`
}

// webhookConfig is a receiver; see [webhook.Hook].
type webhookConfig struct {
	URL          string   `yaml:"url"`
	Secret       string   `yaml:"secret"`
	Events       []string `yaml:"events"`
	AllowPrivate bool     `yaml:"allow_private"`
}

// hooks lists the receivers.
func (c *config) hooks() (list []webhook.Hook) {
	for _, h := range c.Webhooks {
		list = append(list, webhook.Hook(h))
	}
	return list
}

// tokenNeeded tells whether nobody joins without a token.
func (c *config) tokenNeeded() bool {
	return c.Auth.Mode == "token" || c.Auth.Mode == "" && c.keys.Len() > 0
}

// readConfig reads a file, if there is a name, and the environment. What is wrong
// is told with the line and what stands around it.
func readConfig(name string) (*config, error) {
	c := new(config)
	var source []byte
	if name != "" {
		var err error
		if source, err = readFile(name); err != nil {
			return nil, usageError{fmt.Errorf("--config: %w", err)}
		}
		err = yaml.NewDecoder(bytes.NewReader(source), yaml.Strict()).Decode(c)
		if err != nil && !errors.Is(err, io.EOF) { // an empty file says nothing
			return nil, usageError{fmt.Errorf("--config %s: %s", name, hideSecrets(yaml.FormatError(err, false, true)))}
		}
	}
	if path, err := c.check(); err != nil {
		return nil, usageError{fmt.Errorf("--config %s: %w%s", name, err, excerpt(source, path))}
	}
	if err := c.takeKeys(os.Getenv(keysVariable)); err != nil {
		return nil, usageError{err}
	}
	c.keys = c.keys.With(token.Options{JWKS: c.jwks, LiveKit: c.Auth.LiveKit})
	if c.Auth.Mode == "token" && c.keys.Len() == 0 {
		return nil, usageError{fmt.Errorf("--config %s: auth.mode is token, and there are no keys%s", name, excerpt(source, "$.auth.mode"))}
	}
	return c, nil
}

// readFile reads a file of a sane size.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, longestConfig+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > longestConfig:
		return nil, fmt.Errorf("%s has more than %d bytes", name, longestConfig)
	}
	return b, nil
}

// check looks at what the types do not say, and names the key that is wrong.
func (c *config) check() (path string, err error) {
	if n := c.Rooms.MaxMembers; n != nil && *n < 1 {
		return "$.rooms.max_members", fmt.Errorf("rooms.max_members %d is below 1", *n)
	}
	if n := c.Rooms.Max; n != nil && *n < 1 {
		return "$.rooms.max", fmt.Errorf("rooms.max %d is below 1", *n)
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		return "$.trusted_proxies", fmt.Errorf("trusted_proxies: %w", err)
	}
	if text := c.Rooms.EmptyTimeout; text != "" {
		if c.linger, err = time.ParseDuration(text); err != nil || c.linger <= 0 {
			return "$.rooms.empty_timeout", fmt.Errorf("rooms.empty_timeout %q is not a time such as 30s", text)
		}
	}
	if err := webhook.Check(c.hooks()); err != nil {
		return "$.webhooks", err
	}
	switch c.Auth.Mode {
	case "", "open", "token":
	default:
		return "$.auth.mode", fmt.Errorf("auth.mode %q is neither open nor token", c.Auth.Mode)
	}
	if c.keys, err = token.NewKeys(pairs(c.Auth.Keys)); err != nil {
		return "$.auth.keys", fmt.Errorf("auth.keys: %w", err)
	}
	if at := c.Auth.JWKS; at != "" {
		if c.jwks, err = token.NewJWKS(token.JWKSConfig{URL: at, Logger: newLogger(os.Stderr)}); err != nil {
			return "$.auth.jwks_url", fmt.Errorf("auth.jwks_url: %w", err)
		}
	}
	return "", nil
}

func pairs(keys yaml.MapSlice) (list [][2]string) {
	for _, k := range keys {
		list = append(list, [2]string{fmt.Sprint(k.Key), fmt.Sprint(k.Value)})
	}
	return list
}

// takeKeys has the keys of the environment in place of those of the file.
func (c *config) takeKeys(variable string) error {
	if variable == "" {
		return nil
	}
	var list [][2]string
	for one := range strings.SplitSeq(variable, ",") {
		id, secret, ok := strings.Cut(one, ":")
		if !ok {
			return fmt.Errorf("%s is not ID:SECRET[,ID:SECRET]", keysVariable)
		}
		list = append(list, [2]string{id, secret})
	}
	keys, err := token.NewKeys(list)
	if err != nil {
		return fmt.Errorf("%s: %w", keysVariable, err)
	}
	c.keys = keys
	return nil
}

// excerpt shows the lines around a key, if the file has it.
func excerpt(source []byte, path string) string {
	p, err := yaml.PathString(path)
	if err != nil {
		return ""
	}
	lines, err := p.AnnotateSource(source, false)
	if err != nil {
		return ""
	}
	return "\n" + hideSecrets(string(lines))
}

// secretLike is what may be a key: errors are copied to where everybody reads.
var secretLike = regexp.MustCompile(fmt.Sprintf(`\S{%d,}`, min(token.MinSecret, webhook.MinSecret)))

func hideSecrets(text string) string {
	return strings.TrimRight(secretLike.ReplaceAllString(text, "…"), "\n ")
}

// override takes from the file what no flag says.
func (o *serveOptions) override(c *cobra.Command, cfg *config) {
	set := func(flag string, to *string, value string) {
		if value != "" && !c.Flags().Changed(flag) {
			*to = value
		}
	}
	set("http", &o.http, cfg.HTTP)
	set("udp", &o.udp, cfg.UDP)
	set("data", &o.data, cfg.Data)
	set("admin", &o.admin.address, cfg.Admin)
	o.admin.given = c.Flags().Changed("admin") || cfg.Admin != ""
	if n := cfg.Rooms.MaxMembers; n != nil && !c.Flags().Changed("max-members") {
		o.maxMembers = *n
	}
	if n := cfg.Rooms.Max; n != nil && !c.Flags().Changed("max-rooms") {
		o.maxRooms = *n
	}
	if len(cfg.TrustedProxies) > 0 && !c.Flags().Changed("trusted-proxies") {
		o.proxies = cfg.TrustedProxies
	}
	if len(cfg.RTC.Codecs) > 0 && !c.Flags().Changed("codecs") {
		o.codecs = cfg.RTC.Codecs
	}
	o.config = cfg
}
