package uiweb

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Config is read from UI_* variables.
type Config struct {
	Addr      string        `default:"127.0.0.1:8080" was:"PORT" desc:"address and port of the page; one that others can reach wants UI_TOKEN"`
	Token     string        `desc:"what a browser must know to be let in, 12 characters or more; empty asks for nothing"`
	Session   time.Duration `default:"720h" desc:"how long a browser that gave the token stays logged in; a restart logs out too"`
	Loopback  bool          `default:"false" desc:"UI_ADDR is reachable from this machine only, whatever it says, so no token is wanted, and other users of the machine are let in: for containers"`
	Hosts     []string      `desc:"more names the page may be called by, tars.example.org, with commas between"`
	Lang      string        `default:"en" also:"STT_LANG" desc:"language of typed texts, two letters, so that answers to them are spoken in it, and of the page where it is not en; auto is that of the browser"`
	TurnSound bool          `split_words:"true" default:"false" desc:"keep the sound of what was said with the last turns, in memory: it can be heard again on the page, and is saved with a turn"`
	Origins   []string      `desc:"addresses of the page in the browser, where a proxy makes them differ from what arrives here: https://tars.example.org, with commas between"`
	Allow     []string      `desc:"what the page may do beside talking, with commas between: inspect shows every message of the house, publish sends messages and gives dead letters back, install installs engines; none is nothing; empty is inspect where UI_ADDR is for this machine only, else nothing"`
}

// Validate reports the first setting that cannot work. A port alone, as the
// reference took it, becomes an address of this machine.
func (c *Config) Validate() error {
	if _, err := strconv.Atoi(c.Addr); err == nil {
		c.Addr = "127.0.0.1:" + c.Addr
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		return fmt.Errorf("UI_ADDR is %q, want an address and a port such as 127.0.0.1:8080", c.Addr)
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/*@ ") {
			return fmt.Errorf("UI_HOSTS has %q, want names such as tars.example.org, without a scheme", h)
		}
	}
	for _, o := range c.Origins {
		if _, ok := parseOrigin(o); !ok {
			return fmt.Errorf("UI_ORIGINS has %q, want addresses such as https://tars.example.org, without a path", o)
		}
	}
	if _, err := permissionsOf(*c); err != nil {
		return err
	}
	switch {
	case c.Lang != "" && c.Lang != "auto" && len(c.Lang) != 2:
		return fmt.Errorf("UI_LANG is %q, want two letters such as en, or auto", c.Lang)
	case c.Session != 0 && (c.Session < time.Minute || c.Session > 365*24*time.Hour):
		return fmt.Errorf("UI_SESSION is %s, want 1m to 8760h", c.Session)
	case c.Token != "" && len(c.Token) < 12:
		return fmt.Errorf("UI_TOKEN has %d characters, want 12 or more", len(c.Token))
	case c.Token == "" && !c.Loopback && !isLoopback(host):
		return fmt.Errorf("UI_ADDR is %s, which others can reach: set UI_TOKEN, or UI_ADDR to 127.0.0.1:%s", c.Addr, port)
	}
	return nil
}

// typedLang is the language of typed texts; empty is that of the browser.
func (c *Config) typedLang() string {
	if c.Lang == "auto" {
		return ""
	}
	return strings.ToLower(c.Lang)
}

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const (
		topic  = "nothing: topics are fixed"
		window = "nothing: the page is shown by a browser"
		editor = "nothing: settings are variables, there is no editor for them"
	)
	return map[string]string{
		"UI_PARTIAL_TOPIC": topic, "UI_FINAL_TOPIC": topic, "UI_AUDIO_TOPIC": topic, "UI_TTS_TOPIC": topic, "UI_TTS_SAY_TOPIC": topic,
		"UI_LLM_STREAM_TOPIC": topic, "UI_LLM_RESPONSE_TOPIC": topic, "UI_MEMORY_QUERY": topic, "UI_MEMORY_RESULTS": topic, "UI_HEALTH_TOPIC": topic,
		"CONFIG_MANAGER_URL":  editor,
		"CONFIG_MANAGER_HOST": editor, "CONFIG_MANAGER_PORT": editor, "CONFIG_MANAGER_LOG_LEVEL": editor, "CONFIG_MANAGER_API_RELOAD": editor,
		"CONFIG_DB_PATH": editor, "CONFIG_LKG_CACHE_PATH": editor, "CONFIG_EPOCH_PATH": editor, "CONFIG_MASTER_KEY_ID": editor,
		"CONFIG_SIGNATURE_PRIVATE_KEY": editor, "CONFIG_SIGNATURE_PUBLIC_KEY": editor, "CONFIG_API_TOKEN": editor, "CONFIG_API_TOKENS": editor,
		"CONFIG_API_TOKEN_ENABLED": editor,
		"UI_CONFIG":                window, "UI_WIDTH": window, "UI_HEIGHT": window, "UI_FPS": window,
		"UI_FONT": window, "UI_FULLSCREEN": window, "UI_NUM_BARS": window, "UI_LAYOUT_FILE": window,
		"UI_LAYOUT_ROTATION": window, "UI_SOFTWARE_RENDERING": window, "UI_CAMERA_FRAME_TOPIC": window, "UI_FFT_WS_ENABLE": window,
		"UI_FFT_WS_RETRY": window, "UI_FFT_WS_URL": window,
	}
}

// isLoopback reports whether host is this machine and nobody else.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
