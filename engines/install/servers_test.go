package install

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write puts an installation of the parts into a home of its own.
func write(t *testing.T, in Installed) (home string) {
	t.Helper()
	home = t.TempDir()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(Dir(home), "installed.json"), text); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestServersAreThoseOfTheParts(t *testing.T) {
	tests := map[string]struct {
		parts []string
		want  []string // name: kinds with models
		flags []string // that some server is given
	}{
		"everything": {
			parts: []string{"stt:base", "tts:en_US-joe-medium", "llm:smollm2-135m-instruct", "embed:all-minilm-l6-v2", "vad", "wake"},
			want: []string{"speech: stt whisper-base, tts en_US-joe-medium", "llm: llm smollm2-135m-instruct",
				"embed: embed all-minilm-l6-v2", "wake: wake "},
			flags: []string{"--vad", "--template"},
		},
		"a voice alone": {parts: []string{"tts:en_US-joe-medium"}, want: []string{"speech: tts en_US-joe-medium"}},
		"what was installed last is preferred": {
			parts: []string{"stt:tiny.en", "stt:base"}, want: []string{"speech: stt whisper-tiny.en"}},
		"a detector alone serves nothing": {parts: []string{"vad"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := Installed{Python: "3.11", Program: os.Args[0]}
			for _, id := range tt.parts {
				in.Parts = append(in.Parts, Part{ID: id})
			}
			servers, err := Servers(write(t, in))
			if err != nil {
				t.Fatal(err)
			}
			var got, args []string
			for _, s := range servers {
				var kinds []string
				for _, f := range s.Serves {
					kinds = append(kinds, string(f.Kind)+" "+f.Model)
				}
				got, args = append(got, s.Name+": "+strings.Join(kinds, ", ")), append(args, s.Args...)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			for _, f := range tt.flags {
				if !slices.Contains(args, f) {
					t.Errorf("no server is given %s: %q", f, args)
				}
			}
		})
	}
}

func TestWithoutInstallationNothingRuns(t *testing.T) {
	if s, err := Servers(t.TempDir()); err != nil || s != nil {
		t.Errorf("%v, %v", s, err)
	}
	home := t.TempDir()
	if err := replaceFile(filepath.Join(Dir(home), "installed.json"), []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := Servers(home); err == nil || !strings.Contains(err.Error(), "tars engines install") {
		t.Errorf("a damaged installation: %v", err)
	}
	if _, err := Servers(write(t, Installed{Program: "/nowhere/python3"})); err == nil || !strings.Contains(err.Error(), "/nowhere/python3") {
		t.Errorf("an installation whose Python is gone: %v", err)
	}
}

// started runs a Python program of an installation and returns its output once
// it has written a line.
func started(t *testing.T, program string, in Installed) (line io.Closer, cmd *exec.Cmd, first string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	home := write(t, in)
	if err := placePrograms(Dir(home)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(Dir(home), "py", "probe.py")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(python, "-I", "-S", "-B", filepath.Join(Dir(home), "py", "launch.py"), "probe.py")
	line, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	buf := make([]byte, 4096)
	n, _ := out.Read(buf)
	return line, cmd, string(buf[:n])
}

// version of the Python that is found first.
func version(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		t.Skip("no python3")
	}
	return strings.TrimSpace(string(out))
}

func TestAServerEndsWhenItsParentIsGone(t *testing.T) {
	line, cmd, first := started(t, "import time\nprint('up', flush=True)\ntime.sleep(600)\n", Installed{Python: version(t)})
	if first != "up\n" {
		t.Fatalf("said %q", first)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("it runs on")
	}
}

func TestAnotherPythonIsRefusedByName(t *testing.T) {
	_, _, said := started(t, "print('up')", Installed{Python: "2.7"})
	if !strings.Contains(said, "2.7") || !strings.Contains(said, "tars engines update") {
		t.Errorf("said %q", said)
	}
}
