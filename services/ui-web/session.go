package uiweb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie = "tars_session"
	sessionTTL    = 30 * 24 * time.Hour // unless UI_SESSION says otherwise
	maxSessions   = 64                  // browsers logged in at once; more log out the one unused for longest
)

// session is one browser that gave the token. Its context ends when it is
// logged out or expires, and with it the sockets it opened.
type session struct {
	ctx     context.Context
	end     context.CancelFunc
	expires time.Time
	used    time.Time // guarded by the lock of sessions
}

// sessions are the browsers that are logged in. It keeps no id, only the sum of
// each, so that what reads this memory is not logged in by it. It is safe for
// concurrent use.
type sessions struct {
	life context.Context // of the server
	ttl  time.Duration

	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

func newSessions(life context.Context, ttl time.Duration) *sessions {
	return &sessions{life: life, ttl: ttl, all: map[[sha256.Size]byte]*session{}}
}

// open starts a session and returns its id, which is random and tells nothing.
func (s *sessions) open() (id string) {
	id = rand.Text() + rand.Text()
	now := time.Now()
	one := &session{expires: now.Add(s.ttl), used: now}
	one.ctx, one.end = context.WithDeadline(s.life, one.expires)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxSessions {
		s.dropOne(now)
	}
	s.all[sha256.Sum256([]byte(id))] = one
	return id
}

// dropOne makes room for a session: what has expired goes, else the one unused
// for longest. The caller holds the lock.
func (s *sessions) dropOne(now time.Time) {
	var oldest [sha256.Size]byte
	var found *session
	for sum, one := range s.all {
		if !now.Before(one.expires) {
			one.end()
			delete(s.all, sum)
		} else if found == nil || one.used.Before(found.used) {
			oldest, found = sum, one
		}
	}
	if found != nil && len(s.all) >= maxSessions {
		found.end()
		delete(s.all, oldest)
	}
}

// find returns the session that a request belongs to, or nil. A browser may
// send several cookies of one name, and only one of them need be good.
func (s *sessions) find(r *http.Request) *session {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range r.CookiesNamed(sessionCookie) {
		sum := sha256.Sum256([]byte(c.Value))
		one := s.all[sum]
		switch {
		case one == nil:
		case !now.Before(one.expires):
			one.end()
			delete(s.all, sum)
		default:
			one.used = now
			return one
		}
	}
	return nil
}

// close ends the sessions that a request has cookies of.
func (s *sessions) close(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range r.CookiesNamed(sessionCookie) {
		sum := sha256.Sum256([]byte(c.Value))
		if one := s.all[sum]; one != nil {
			one.end()
			delete(s.all, sum)
		}
	}
}

// closeAll ends every session.
func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		one.end()
	}
	clear(s.all)
}
