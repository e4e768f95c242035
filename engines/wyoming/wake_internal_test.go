package wyoming

import (
	"bufio"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A microphone that is switched off sends nothing, and the server is asked all the same
// whether it still hears.
func TestAServerIsWellAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		d := detectorOn(ours)
		go func() {
			defer theirs.Close()
			in := bufio.NewReader(theirs)
			for {
				e, err := Read(in)
				if err != nil {
					return
				}
				if e.Type == Describe {
					_ = (&Conn{Conn: theirs}).Send(Event{Type: Ping}, Event{Type: Info})
				}
			}
		}()
		go func() {
			for {
				if _, err := d.Next(); err != nil {
					return
				}
			}
		}()
		for range 2 {
			if err := d.Hear(make([]byte, 640)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // each of them longer after the last write than a write may take
				synctest.Wait()
				time.Sleep(2 * hearTimeout)
				if err := d.Check(t.Context()); err != nil {
					t.Fatalf("after a silence: %v", err)
				}
			}
		}
		d.Close()
		synctest.Wait()
	})
}

func TestAServerThatTakesNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		d := detectorOn(ours)
		defer d.Close()
		if err := d.Hear(make([]byte, 640)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("audio: %v", err)
		}
		if err := d.Check(t.Context()); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a question: %v", err)
		}
	})
}

func detectorOn(c net.Conn) *Detector {
	conn := &Conn{Conn: c, r: bufio.NewReader(c), cause: func(err error) error { return err }, stop: func() bool { return true }, writeTimeout: hearTimeout}
	return &Detector{conn: conn, chunk: Event{Type: AudioChunk}, alive: make(chan struct{}, 1)}
}
