package session

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

var errNotKept = errors.New("no such packet")

// store keeps packets by their identifier, in the order they came. Those who
// read it get bytes.
type store struct {
	mu   sync.Mutex
	n    uint64
	kept map[uint16]kept
}

type kept struct {
	n      uint64
	at     time.Time
	packet io.WriterTo
}

func newStore() *store { return &store{kept: map[uint16]kept{}} }

// Put keeps a packet.
func (s *store) Put(id uint16, _ byte, p io.WriterTo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.kept[id] = kept{s.n, time.Now(), p}
	return nil
}

// Get is the packet as it is sent.
func (s *store) Get(id uint16) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[id]
	if !ok {
		return nil, errNotKept
	}
	var b bytes.Buffer
	_, err := k.packet.WriteTo(&b)
	return io.NopCloser(&b), err
}

// Delete forgets a packet.
func (s *store) Delete(id uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.kept[id]; !ok {
		return errNotKept
	}
	delete(s.kept, id)
	return nil
}

// Quarantine forgets a packet that cannot be sent again.
func (s *store) Quarantine(id uint16) error { return s.Delete(id) }

// List is the identifiers of all packets, in the order they came.
func (s *store) List() ([]uint16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inOrder(), nil
}

// inOrder needs mu.
func (s *store) inOrder() []uint16 {
	return slices.SortedFunc(maps.Keys(s.kept), func(a, b uint16) int { return cmp.Compare(s.kept[a].n, s.kept[b].n) })
}

// oldest is the publication that is kept for the longest time, and since when.
// It is nil when something else is older.
func (s *store) oldest() (*packets.Publish, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.inOrder()
	if len(ids) == 0 {
		return nil, time.Time{}
	}
	k := s.kept[ids[0]]
	p, _ := k.packet.(*packets.Publish)
	return p, k.at
}

// Reset forgets all packets.
func (s *store) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.kept)
	return nil
}
