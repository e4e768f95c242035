package supervise

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	maxLogBytes    = 5 << 20 // bytes of a log before it becomes the old one
	maxReasonBytes = 2 << 10 // bytes that tell why an engine ended
)

// logFile is the log of an engine. At most two times maxLogBytes lie on the disk:
// NAME and, before it, NAME.1. It is safe for concurrent use.
type logFile struct {
	name string

	mu        sync.Mutex
	file      *os.File
	size      int64
	lastBytes []byte // the last bytes of this child
}

func openLog(name string) (*logFile, error) {
	l := &logFile{name: name}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return l, l.open()
}

func (l *logFile) open() (err error) {
	if l.file, err = os.OpenFile(l.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	l.size = 0
	if i, err := l.file.Stat(); err == nil {
		l.size = i.Size()
	}
	return nil
}

// Write never fails: an engine does not stop for a full disk.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastBytes = append(l.lastBytes, p...)
	l.lastBytes = bytes.Clone(l.lastBytes[max(0, len(l.lastBytes)-maxReasonBytes):])
	if l.size+int64(len(p)) > maxLogBytes && l.size > 0 {
		_ = errors.Join(l.file.Close(), os.Rename(l.name, l.name+".1"), l.open())
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

// takeLastLines is the last lines since the previous call, in one. Python ends its
// traces with what went wrong.
func (l *logFile) takeLastLines() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for s := range strings.SplitSeq(string(l.lastBytes), "\n") {
		if s = strings.TrimSpace(s); s != "" {
			lines = append(lines, s)
		}
	}
	l.lastBytes = nil
	return strings.Join(lines[max(0, len(lines)-2):], " | ")
}

// Close implements io.Closer.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
