package broker

import "encoding/binary"

// scanner reads the fields of a packet. After the first field that is not there,
// or that is no valid text, bad is set and everything else is zero.
type scanner struct {
	buf []byte
	bad bool
}

// take returns the next n bytes, or nil.
func (s *scanner) take(n int) []byte {
	if s.bad || n > len(s.buf) {
		s.bad = true
		return nil
	}
	out := s.buf[:n]
	s.buf = s.buf[n:]
	return out
}

func (s *scanner) octet() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scanner) uint16() uint16 {
	if b := s.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (s *scanner) uint32() uint32 {
	if b := s.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// variable reads a variable byte integer, which has at most four bytes and none
// too many.
func (s *scanner) variable() int {
	n := 0
	for shift := 0; shift < 28; shift += 7 {
		b := s.octet()
		n |= int(b&0x7F) << shift
		if b&0x80 == 0 {
			s.bad = s.bad || shift > 0 && b == 0
			return n
		}
	}
	s.bad = true
	return 0
}

func (s *scanner) binary() []byte { return s.take(int(s.uint16())) }

func (s *scanner) text() []byte {
	b := s.binary()
	s.bad = s.bad || !validText(b)
	return b
}
