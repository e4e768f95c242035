package measure

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A detector that tells a word when it has had so much audio, or never.
func scripted(tells time.Duration, fails error) Detector {
	told, closed := make(chan struct{}), make(chan struct{})
	var had time.Duration
	return Detector{
		Hear: func(pcm []byte) error {
			was := had
			had += time.Duration(len(pcm)) * time.Second / (2 * Rate)
			if was < tells && had >= tells {
				close(told)
			}
			return fails
		},
		Next: func() (string, error) {
			select {
			case <-told:
				return "jarvis", nil
			case <-closed:
				return "", io.ErrClosedPipe
			}
		},
		Close: func() { close(closed) },
	}
}

func TestAWakeWordIsTimedFromItsEnd(t *testing.T) {
	const said = time.Second
	broken := errors.New("gone")
	tests := map[string]struct {
		tells time.Duration
		fails error
		word  string
		after time.Duration
	}{
		"heard before it was out": {said - 100*time.Millisecond, nil, "jarvis", -100 * time.Millisecond},
		"heard a moment later":    {said + 100*time.Millisecond, nil, "jarvis", 100 * time.Millisecond},
		"not heard":               {time.Hour, nil, "", 0},
		"a connection that broke": {time.Hour, broken, "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				word, after, err := Wake(t.Context(), scripted(tt.tells, tt.fails), make([]byte, 2*Rate*int(said/time.Second)))
				if word != tt.word || (after-tt.after).Abs() > chunkLength || err != tt.fails {
					t.Errorf("%q %v after its end, %v, want %q %v", word, after, err, tt.word, tt.after)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := Wake(ctx, scripted(time.Hour, nil), nil); err != context.DeadlineExceeded {
			t.Errorf("after the end of its time: %v", err)
		}
	})
}
