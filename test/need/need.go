// Package need says what a test needs besides Go, so that make test runs
// everywhere and leaves nothing out in silence.
//
// A test that calls need.Docker(t) is skipped, with the reason, on a machine
// without Docker, and fails there when TARS_TEST_REQUIRE names it: a list of
// docker, browser, firefox, engines, installed, voice and judge with commas or spaces between,
// or all. With -short, as in make check, all of them are skipped and nothing is
// looked for.
package need

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const checkTimeout = 20 * time.Second // for an answer of the machine itself

// requirement is one thing that tests may need.
type requirement struct {
	word string // in TARS_TEST_REQUIRE
	what string // that are left out without it
	find func() (string, error)
}

var requirements = []requirement{
	{"docker", "tests with containers", findDocker},
	{"browser", "tests of the page in a browser", findBrowser},
	{"firefox", "tests of the page in Firefox", findFirefox},
	{"engines", "tests with real engines", func() (string, error) { return findEngines(defaultEngineVariables) }},
	{"installed", "tests of installed engines", findInstalled},
	{"voice", "tests of the built-in voice", findVoice},
	{"judge", "conversations with an outside judge", findJudge},
}

var defaultEngineVariables = []string{"STT_OPENAI_URL", "TTS_OPENAI_URL", "LLM_OPENAI_URL"}

// Docker needs a Docker engine at DOCKER_HOST or the usual socket.
func Docker(t testing.TB) {
	t.Helper()
	findOrSkip(t, "docker", findDocker)
}

// Browser needs Chromium or Chrome and returns its path. CHROME names another.
func Browser(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "browser", findBrowser)
}

// Firefox needs Firefox and a PulseAudio for it to play to, and returns the path of Firefox.
// FIREFOX names another.
func Firefox(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "firefox", findFirefox)
}

// Engines needs servers that listen at the URLs in the variables, by default
// STT_OPENAI_URL, TTS_OPENAI_URL and LLM_OPENAI_URL.
func Engines(t testing.TB, variables ...string) {
	t.Helper()
	if len(variables) == 0 {
		variables = defaultEngineVariables
	}
	findOrSkip(t, "engines", func() (string, error) { return findEngines(variables) })
}

// Installed needs what make engines installs and returns the home it lies in.
func Installed(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "installed", findInstalled)
}

// TurnModel needs the turn-end model that make engines installs and returns the folder of
// the engines that it lies in.
func TurnModel(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "installed", findTurnModel)
}

// Judge needs voicebench, which judges conversations from their sound, and returns its
// path. VOICEBENCH names another.
func Judge(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "judge", findJudge)
}

// Voice needs what make assets fetches and returns the folder it lies in, of
// which flite/flite.wasm is the voice.
func Voice(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "voice", findVoice)
}

// Weights needs the voice detector that make assets fetches and returns the folder it
// lies in, of which silero/ has the weights.
func Weights(t testing.TB) string {
	t.Helper()
	return findOrSkip(t, "voice", findWeights)
}

// Time needs more than the moments that make check has: with -short the test is
// skipped. why says what takes long.
func Time(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: ", why)
	}
}

func findOrSkip(t testing.TB, word string, find func() (string, error)) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: needs ", word)
	}
	must, err := parseRequired(os.Getenv("TARS_TEST_REQUIRE"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := find()
	switch {
	case err == nil:
		return found
	case must[word]:
		t.Fatalf("TARS_TEST_REQUIRE names %s: %v", word, err)
	default:
		t.Skip(err)
	}
	return ""
}

// Report writes a line for each kind of test that cannot run here. The error
// names those that TARS_TEST_REQUIRE, given as require, asks for.
func Report(w io.Writer, require string) error {
	must, err := parseRequired(require)
	if err != nil {
		return err
	}
	var lacking []error
	for _, k := range requirements {
		_, err := k.find()
		switch {
		case err != nil && must[k.word]:
			lacking = append(lacking, fmt.Errorf("TARS_TEST_REQUIRE names %s: %w", k.word, err))
		case err != nil:
			fmt.Fprintf(w, "left out, %s: %v\n", k.what, err)
		}
	}
	return errors.Join(lacking...)
}

// parseRequired returns the words of a TARS_TEST_REQUIRE.
func parseRequired(list string) (map[string]bool, error) {
	must := map[string]bool{}
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		switch known := slices.ContainsFunc(requirements, func(k requirement) bool { return k.word == word }); {
		case known:
			must[word] = true
		case word == "all":
			for _, k := range requirements {
				must[k.word] = true
			}
		default:
			return nil, fmt.Errorf("TARS_TEST_REQUIRE: %q is none of docker, browser, engines, installed, voice, judge, all", word)
		}
	}
	return must, nil
}

func findDocker() (string, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	network, addr, _ := strings.Cut(host, "://")
	c := http.Client{Timeout: checkTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
	r, err := c.Get("http://docker/_ping")
	if err != nil {
		return "", fmt.Errorf("no Docker at %s", host)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("Docker at %s answers %s", host, r.Status)
	}
	return host, nil
}

func findBrowser() (string, error) {
	for _, name := range []string{os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium: install it, or set CHROME to its path")
}

func findFirefox() (string, error) {
	if _, err := exec.LookPath("pulseaudio"); err != nil { // without a loudspeaker its clock of sound stands still
		return "", errors.New("no PulseAudio for Firefox: apt-get install firefox-esr pulseaudio")
	}
	for _, name := range []string{os.Getenv("FIREFOX"), "firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Firefox: apt-get install firefox-esr pulseaudio, or set FIREFOX to its path")
}

func findJudge() (string, error) {
	for _, name := range []string{os.Getenv("VOICEBENCH"), "voicebench"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("no voicebench: pip install voicebench==0.2.0, or set VOICEBENCH to its path")
}

func findEngines(variables []string) (string, error) {
	for _, name := range variables {
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("no engines: %s is not set", name)
		}
		u, err := url.Parse(value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		c, err := net.DialTimeout("tcp", net.JoinHostPort(u.Hostname(), port), checkTimeout)
		if err != nil {
			return "", fmt.Errorf("no engine at %s (%s)", value, name)
		}
		_ = c.Close()
	}
	return "", nil
}

func findVoice() (string, error) {
	dir := assetsDir()
	if _, err := os.Stat(filepath.Join(dir, "flite", "flite.wasm")); err != nil {
		return "", fmt.Errorf("no built-in voice in %s: make assets", dir)
	}
	return dir, nil
}

func findWeights() (string, error) {
	dir := assetsDir()
	if _, err := os.Stat(filepath.Join(dir, "silero", "silero_vad_16k_op15.onnx")); err != nil {
		return "", fmt.Errorf("no voice detector in %s: make assets", dir)
	}
	return dir, nil
}

func findInstalled() (string, error) {
	dir := tarsHome()
	if _, err := os.Stat(filepath.Join(dir, "engines", "installed.json")); err != nil {
		return "", fmt.Errorf("no installed engines in %s: make engines", dir)
	}
	return dir, nil
}

func findTurnModel() (string, error) {
	dir := filepath.Join(tarsHome(), "engines")
	for _, file := range []string{"models/turn-*/smart-turn-*.onnx", "packages/onnxruntime-*"} {
		if found, err := filepath.Glob(filepath.Join(dir, file)); err != nil || len(found) == 0 {
			return "", fmt.Errorf("no turn-end model in %s: make engines", dir)
		}
	}
	return dir, nil
}

// assetsDir is where make assets puts things for tars up.
func assetsDir() string {
	if dir := os.Getenv("TARS_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join(tarsHome(), "assets")
}

// tarsHome is where tars up keeps its data.
func tarsHome() string {
	user, _ := os.UserHomeDir()
	data := filepath.Join(user, ".local", "share")
	if runtime.GOOS == "darwin" {
		data = filepath.Join(user, "Library", "Application Support")
	} else if xdg := os.Getenv("XDG_DATA_HOME"); xdg != "" {
		data = xdg
	}
	if dir := os.Getenv("TARS_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(data, "tars")
}
