package uiweb

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// authenticator decides whom the page is shown to when UI_TOKEN is set.
type authenticator struct {
	token    string // empty: none is wanted
	proxied  bool   // a proxy on this machine tells who asks
	sessions *sessions
	tries    *guessLimiter
	log      *slog.Logger
	warn     sync.Once // of a login that others can read
}

func newAuthenticator(cfg Config, life context.Context, log *slog.Logger) *authenticator {
	ttl := cfg.Session
	if ttl == 0 {
		ttl = sessionTTL
	}
	return &authenticator{token: cfg.Token, proxied: len(cfg.Origins) > 0, sessions: newSessions(life, ttl), tries: newGuessLimiter(), log: log}
}

// visitor is what is known of who made a request.
type visitor struct {
	in      bool
	session *session      // by which it is let in; nil: by a header, or no token is wanted
	wait    time.Duration // until its address may try again; 0: now
}

// known looks for a session, and for the token as Bearer. One that is wrong
// does not hide the other.
func (l *authenticator) known(r *http.Request) visitor {
	if l.token == "" {
		return visitor{in: true}
	}
	if s := l.sessions.find(r); s != nil {
		return visitor{in: true, session: s}
	}
	scheme, bearer, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return visitor{}
	}
	in, wait := l.check(r, strings.TrimSpace(bearer))
	return visitor{in: in, wait: wait}
}

// check compares a token that was given, unless the address of the request has
// been wrong too often.
func (l *authenticator) check(r *http.Request, given string) (ok bool, wait time.Duration) {
	return l.tries.try(l.address(r), func() bool { return l.token != "" && sameSecret(given, l.token) })
}

// address is who asks. Behind a proxy of this machine that is what the proxy
// wrote last: what stands before it may be made up by the browser.
func (l *authenticator) address(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	if !l.proxied || !peer.Addr().Unmap().IsLoopback() {
		return peer.Addr()
	}
	all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	last := strings.TrimSpace(all[len(all)-1])
	if host, _, err := net.SplitHostPort(last); err == nil {
		last = host
	}
	if ip, err := netip.ParseAddr(strings.Trim(last, "[]")); err == nil {
		return ip
	}
	return peer.Addr()
}

// admit logs a browser in: it ends the session that the browser may have had
// and gives it another one.
func (l *authenticator) admit(w http.ResponseWriter, r *http.Request, encrypted, exposed bool) {
	l.sessions.close(r)
	if exposed {
		l.warn.Do(func() {
			l.log.Warn("a browser logged in over plain HTTP: the token and all that is said can be read on the network; put a proxy with HTTPS before the page and its address into UI_ORIGINS", "url", "http://"+r.Host)
		})
	}
	setSessionCookie(w, l.sessions.open(), int(l.sessions.ttl/time.Second), encrypted)
}

// setSessionCookie sets the cookie for a time in seconds; below 0 removes it.
func setSessionCookie(w http.ResponseWriter, id string, seconds int, encrypted bool) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: encrypted})
}

// sameSecret compares in a time that tells nothing, not even the length.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// private is h for our own page, and for who is logged in. The context of its
// request ends with the session.
func (s *Server) private(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ownPage(w, r) {
			return
		}
		who := s.login.known(r)
		switch {
		case who.wait > 0:
			tooMany(w, who.wait)
		case !who.in:
			http.Error(w, "the token is missing: open / first", http.StatusUnauthorized)
		case !s.loopback && s.login.token == "" && ofAnotherUser(r):
			if s.strangers.allow() {
				s.log.Warn("another user of this machine was refused; UI_TOKEN lets in who knows it, UI_LOOPBACK=yes everybody here")
			}
			http.Error(w, "this page is for the user who started it: set UI_TOKEN for whoever knows it, or UI_LOOPBACK=yes for everybody on this machine", http.StatusForbidden)
		default:
			w.Header().Set("Cache-Control", "no-store")
			if who.session != nil {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				defer context.AfterFunc(who.session.ctx, cancel)()
				r = r.WithContext(ctx)
			}
			h(w, r)
		}
	})
}

// ownPage reports whether a request was made by this page or by a program, and
// answers it otherwise.
func (s *Server) ownPage(w http.ResponseWriter, r *http.Request) bool {
	ok, stranger := s.guard.origin(r)
	if ok {
		return true
	}
	why := "this is for the page of this server only"
	if _, named := parseOrigin(stranger); named {
		why += fmt.Sprintf(", and not for %s: when that is this page behind a proxy, set UI_ORIGINS=%s", stranger, stranger)
		if s.strangers.allow() {
			s.log.Warn("a page of another address was refused; when that is this page behind a proxy, name it in UI_ORIGINS", "url", stranger)
		}
	}
	http.Error(w, why, http.StatusForbidden)
	return false
}

// tooMany answers a try that comes too soon.
func tooMany(w http.ResponseWriter, wait time.Duration) {
	seconds := retryAfter(w, wait)
	http.Error(w, fmt.Sprintf("too many wrong tokens from this address: wait %d s", seconds), http.StatusTooManyRequests)
}

// retryAfter tells a client how long to wait, in whole seconds.
func retryAfter(w http.ResponseWriter, wait time.Duration) (seconds int) {
	seconds = int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return seconds
}

// entrance asks for the token where one is wanted, and then shows h.
func (s *Server) entrance(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && (r.URL.Path != "/" || !s.ownPage(w, r)) {
			if r.URL.Path != "/" {
				http.Error(w, "not from here", http.StatusForbidden)
			}
			return
		}
		if r.URL.Path == "/" && (r.Method == http.MethodPost || r.URL.Query().Has("token")) {
			r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
			s.enter(w, r, r.FormValue("token"))
			return
		}
		who := s.login.known(r)
		switch {
		case who.in || r.URL.Path == "/style.css":
			h.ServeHTTP(w, r)
		case who.wait > 0:
			tooMany(w, who.wait)
		case r.URL.Path == "/":
			s.askToken(w, r, http.StatusUnauthorized, "")
		default:
			http.Error(w, "the token is missing: open / first", http.StatusUnauthorized)
		}
	})
}

// enter takes a token once, from the form or the address, and leads on to an
// address without it.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, given string) {
	w.Header().Set("Cache-Control", "no-store")
	if s.login.token != "" && !s.navigated(r) {
		http.Error(w, "a token is taken from the form and from the address bar only", http.StatusForbidden)
		return
	}
	if s.login.token != "" && given != "" && s.login.sessions.find(r) == nil {
		ok, wait := s.login.check(r, given)
		switch {
		case ok:
			s.login.admit(w, r, s.guard.encrypted(r), s.guard.exposed(r))
		case wait > 0:
			seconds := retryAfter(w, wait)
			s.askToken(w, r, http.StatusTooManyRequests, fmt.Sprintf("There were too many wrong tokens from your address. Try again in %d s.", seconds))
			return
		default:
			s.askToken(w, r, http.StatusUnauthorized, "That is not the token.")
			return
		}
	}
	http.Redirect(w, r, afterLogin(r), http.StatusSeeOther)
}

// navigated reports whether a person went to this address: a page of another
// site that loads it in the background would spend the tries of its visitor.
func (s *Server) navigated(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return r.Method == http.MethodPost || (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// afterLogin is the address of the page without the token. Where a link of
// another site led here, the cookie does not come along with a redirect, for it
// is strict; /enter is a page of ours that leads on.
func afterLogin(r *http.Request) string {
	if r.Method == http.MethodPost {
		return "/"
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if site == "cross-site" || site == "same-site" || site == "" && r.Header.Get("Referer") != "" {
		return "/enter"
	}
	q := r.URL.Query()
	q.Del("token")
	return (&url.URL{Path: "/", RawQuery: q.Encode()}).String()
}

// askToken shows the form, with what was wrong with the last try.
func (s *Server) askToken(w http.ResponseWriter, r *http.Request, status int, trouble string) {
	data := struct {
		Trouble string
		Exposed bool
	}{trouble, s.guard.exposed(r)}
	w.Header().Set("Content-Type", contentTypes[".html"])
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := s.form.Execute(w, data); err != nil {
		s.log.Debug("form not written", "err", err)
	}
}

// logout ends the session of this browser.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.login.sessions.close(r)
	setSessionCookie(w, "", -1, s.guard.encrypted(r))
	w.WriteHeader(http.StatusNoContent)
}

// logoutAll ends the sessions of all browsers.
func (s *Server) logoutAll(w http.ResponseWriter, r *http.Request) {
	s.login.sessions.closeAll()
	setSessionCookie(w, "", -1, s.guard.encrypted(r))
	w.WriteHeader(http.StatusNoContent)
}

// session tells the page whether there is something to log out of, and whether
// others can read along.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	who := s.login.known(r)
	writeJSON(w, http.StatusOK, map[string]any{"login": who.session != nil, "exposed": s.guard.exposed(r), "lang": s.lang, "may": s.house.may})
}
