package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// maxConfig is the largest file of servers in bytes.
const maxConfig = 1 << 20

// ServerConfig says how one server is started or reached. It has the names that other
// programs use in their files of "mcpServers".
type ServerConfig struct {
	Command string            `json:"command"` // a program that speaks over its standard streams
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"` // beside the few variables that every program needs
	Cwd     string            `json:"cwd"`

	URL       string            `json:"url"` // or a server that is reached over HTTP
	ServerURL string            `json:"serverUrl"`
	HTTPURL   string            `json:"httpUrl"`
	Headers   map[string]string `json:"headers"`

	Disabled     bool     `json:"disabled"`
	AllowedTools []string `json:"allowed_tools"` // the only ones that are offered; empty: all
	Confirm      []string `json:"confirm"`       // tools that ask the user first; "*" is all
	AutoApprove  []string `json:"autoApprove"`   // tools that do not ask, whatever the server says of them
	AlwaysAllow  []string `json:"alwaysAllow"`   // the same
}

// address is where a server is reached over HTTP; empty: it is a program.
func (c ServerConfig) address() string {
	for _, u := range []string{c.URL, c.ServerURL, c.HTTPURL} {
		if u != "" {
			return u
		}
	}
	return ""
}

// asks tells whether a tool asks the user first. The file has the last word; marked is
// what the server says.
func (c ServerConfig) asks(tool string, marked bool) bool {
	listed := func(list []string) bool { return slices.Contains(list, tool) || slices.Contains(list, "*") }
	switch {
	case slices.Contains(c.Confirm, tool):
		return true
	case listed(c.AutoApprove) || listed(c.AlwaysAllow):
		return false
	}
	return marked || listed(c.Confirm)
}

// ReadConfig reads the servers of a file, by name. Each ${NAME} and ${NAME:-other} in it
// stands for a variable of the environment, which lookup knows.
func ReadConfig(path string, lookup func(string) (string, bool)) (map[string]ServerConfig, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if info.Size() > maxConfig {
		return nil, fmt.Errorf("it has more than %d bytes", maxConfig)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	var file struct {
		MCPServers, Servers map[string]ServerConfig // the second name is that of VS Code
	}
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &file); err != nil {
		return nil, fmt.Errorf("it is no JSON of the form {\"mcpServers\":{\"name\":{\"command\":…}}}: %w", err)
	}
	all := file.MCPServers
	if all == nil {
		all = file.Servers
	}
	if all == nil {
		return nil, errors.New(`it has no "mcpServers"`)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		if c.Disabled {
			delete(all, name)
			continue
		}
		if err := c.expand(lookup); err != nil {
			return nil, fmt.Errorf("server %q: %w", name, err)
		}
		if err := c.validate(); err != nil {
			return nil, fmt.Errorf("server %q: %w", name, err)
		}
		all[name] = c
	}
	return all, nil
}

// validate reports what is missing.
func (c ServerConfig) validate() error {
	address := c.address()
	switch {
	case c.Command == "" && address == "":
		return errors.New("it has neither a command nor a url")
	case c.Command != "" && address != "":
		return errors.New("it has a command and a url, want one of them")
	case address != "":
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("its url is no web address")
		}
	}
	return nil
}

var variable = regexp.MustCompile(`\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expand puts the variables of the environment into c.
func (c *ServerConfig) expand(lookup func(string) (string, bool)) error {
	var missing string
	expand := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(ref string) string {
			m := variable.FindStringSubmatch(ref)
			value, ok := lookup(m[1])
			if !ok && m[2] == "" && missing == "" {
				missing = m[1]
			}
			if (!ok || value == "") && m[2] != "" {
				return m[3]
			}
			return value
		})
	}
	for _, text := range []*string{&c.Command, &c.Cwd, &c.URL, &c.ServerURL, &c.HTTPURL} {
		*text = expand(*text)
	}
	for i, a := range c.Args {
		c.Args[i] = expand(a)
	}
	for _, m := range []map[string]string{c.Env, c.Headers} {
		for k, v := range m {
			m[k] = expand(v)
		}
	}
	if missing != "" {
		return fmt.Errorf("the variable %s is not set", missing)
	}
	return nil
}

// inherited are the variables that a program gets without being named: those that find
// programs, homes, languages and zones. The others hold keys and passwords of ours.
var inherited = []string{"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
	"APPDATA", "LOCALAPPDATA", "PATHEXT", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE"}

// environment is what the program of c gets.
func (c ServerConfig) environment() (env []string) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(inherited, strings.ToUpper(name)) || strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "XDG_") {
			env = append(env, entry)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		env = append(env, name+"="+c.Env[name])
	}
	return env
}
