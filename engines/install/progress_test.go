package install

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// The null device is a character device as well, and make up </dev/null would ask
// it whether to install.
func TestTheNullDeviceIsNoPerson(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if Terminal(null) || NewProgress(null).terminal {
		t.Errorf("%s is a terminal", os.DevNull)
	}
}

func TestProgressIsOneLineOnATerminalAndALineAStepElsewhere(t *testing.T) {
	tests := map[bool]string{
		true: "\r\033[K    0 %  fetching a  0 B of 30 MB\r\033[K   25 %  fetching a  10 MB of 30 MB" +
			"\r\033[K   75 %  fetching b  0 B of 10 MB\r\033[K  100 %  unpacking\r\033[Kdone\n\r\033[K",
		false: "fetching a, 30 MB\nfetching b, 10 MB\nunpacking\ndone\n",
	}
	for terminal, want := range tests {
		var out bytes.Buffer
		p := &Progress{out: &out, terminal: terminal}
		p.begin(40e6)
		p.step("fetching a", 30e6)
		p.at(10e6)
		p.step("fetching b", 10e6)
		p.step("unpacking", 0)
		p.say("done")
		p.end()
		if out.String() != want {
			t.Errorf("terminal %v: %q, want %q", terminal, out.String(), want)
		}
	}
}

func TestWhoWatchesIsToldEachStep(t *testing.T) {
	var got []Step
	p := NewWatch(func(s Step) { got = append(got, s) })
	p.begin(40e6)
	p.step("fetching a", 30e6)
	p.at(10e6)
	p.at(99e6) // the package index sent more than it said
	p.step("unpacking", 0)
	want := []Step{{"fetching a", 0, 40e6}, {"fetching a", 10e6, 40e6}, {"fetching a", 30e6, 40e6}, {"unpacking", 30e6, 40e6}}
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestSizesAreForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1: "1 B", 999_999: "1000 kB", 1_500_000: "1.5 MB", 828e6: "828 MB", 1_250_000_000: "1.3 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
