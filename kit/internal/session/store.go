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

var errNotStored = errors.New("no such packet")

// packetStore keeps packets by their identifier, in the order they came. Those who
// read it get bytes.
type packetStore struct {
	mu      sync.Mutex
	stored  uint64 // how many were, so far
	packets map[uint16]storedPacket
}

type storedPacket struct {
	number uint64 // in the order of Put
	since  time.Time
	packet io.WriterTo
}

func newPacketStore() *packetStore { return &packetStore{packets: map[uint16]storedPacket{}} }

// Put keeps a packet.
func (s *packetStore) Put(id uint16, _ byte, p io.WriterTo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored++
	s.packets[id] = storedPacket{s.stored, time.Now(), p}
	return nil
}

// Get is the packet as it is sent.
func (s *packetStore) Get(id uint16) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.packets[id]
	if !ok {
		return nil, errNotStored
	}
	var b bytes.Buffer
	_, err := k.packet.WriteTo(&b)
	return io.NopCloser(&b), err
}

// Delete forgets a packet.
func (s *packetStore) Delete(id uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.packets[id]; !ok {
		return errNotStored
	}
	delete(s.packets, id)
	return nil
}

// Quarantine forgets a packet that cannot be sent again.
func (s *packetStore) Quarantine(id uint16) error { return s.Delete(id) }

// List is the identifiers of all packets, in the order they came.
func (s *packetStore) List() ([]uint16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inOrder(), nil
}

// inOrder needs mu.
func (s *packetStore) inOrder() []uint16 {
	return slices.SortedFunc(maps.Keys(s.packets), func(a, b uint16) int { return cmp.Compare(s.packets[a].number, s.packets[b].number) })
}

// oldest is the publication that is kept for the longest time, and since when.
// It is nil when something else is older.
func (s *packetStore) oldest() (*packets.Publish, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.inOrder()
	if len(ids) == 0 {
		return nil, time.Time{}
	}
	k := s.packets[ids[0]]
	p, _ := k.packet.(*packets.Publish)
	return p, k.since
}

// Reset forgets all packets.
func (s *packetStore) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.packets)
	return nil
}
