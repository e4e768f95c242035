package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// Server serves the page and its sockets.
type Server struct {
	guard      originGuard
	login      *authenticator
	bus        *kit.Bus
	pages      *Pages
	assets     assets
	form       *template.Template // that asks for the token
	loopback   bool               // whatever the address of a request says, it comes from this machine
	lang       string             // of typed texts
	strangers  *tokenBucket       // log lines about pages of another address
	complaints *tokenBucket       // log lines about frames that make no sense
	log        *slog.Logger

	wg sync.WaitGroup // the accept loop and the sockets
}

// OpenServer returns a server whose hook listens at cfg.Addr.
func OpenServer(lc fx.Lifecycle, cfg Config, bus *kit.Bus, pages *Pages, listen kit.Listen, log *slog.Logger) (*Server, error) {
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	form, err := template.New("token.html").Parse(string(files["token.html"].data))
	if err != nil {
		return nil, err
	}
	delete(files, "token.html") // it is shown in the place of the page
	life, end := context.WithCancel(context.Background())
	s := &Server{guard: newOriginGuard(cfg), login: newAuthenticator(cfg, life, log), bus: bus, pages: pages, assets: files, form: form,
		loopback: cfg.Loopback, lang: cfg.typedLang(), strangers: newTokenBucket(1, time.Minute), complaints: newTokenBucket(5, 5*time.Second), log: log}
	web := &http.Server{Handler: s.handler(), ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return life }}
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			l, err := listen(ctx, "tcp", cfg.Addr)
			if err != nil {
				return cannotListen(cfg.Addr, err)
			}
			log.Info("page is served", "url", "http://"+l.Addr().String())
			s.wg.Go(func() {
				if err := web.Serve(boundListener(l, cfg.Loopback)); !errors.Is(err, http.ErrServerClosed) {
					log.Error("page is not served any more", "err", err)
				}
			})
			return nil
		},
		OnStop: func(ctx context.Context) error {
			end() // ends the sockets, which Shutdown does not know
			err := web.Shutdown(ctx)
			s.wg.Wait()
			return err
		},
	})
	return s, nil
}

// cannotListen names the setting that helps.
func cannotListen(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(addr)
		return fmt.Errorf("port %s is taken: stop what uses it, or set UI_ADDR to another than %s", port, addr)
	}
	return fmt.Errorf("UI_ADDR is %s: %w", addr, err)
}

// handler is everything behind the guard.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.entrance(s.assets))
	mux.Handle("GET /ws", s.private(s.socket))
	mux.Handle("GET /api/memory", s.private(s.recall))
	mux.Handle("POST /api/memory/forget", s.private(s.forget))
	mux.Handle("GET /api/memory/export", s.private(s.export))
	mux.Handle("GET /api/history", s.private(s.history))
	mux.Handle("POST /api/history/clear", s.private(s.clearHistory))
	mux.Handle("POST /api/timers", s.private(s.timer))
	mux.Handle("GET /api/turns", s.private(s.listTurns))
	mux.Handle("GET /api/turns/{id}", s.private(s.turn))
	mux.Handle("GET /api/session", s.private(s.session))
	mux.Handle("POST /logout", s.private(s.logout))
	mux.Handle("POST /logout/all", s.private(s.logoutAll))
	mux.HandleFunc("GET /enter", func(w http.ResponseWriter, _ *http.Request) { s.assets.page(w, "enter.html", http.StatusOK) })
	mux.HandleFunc("GET /healthz", s.healthz)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for k, v := range securityHeaders {
			h.Set(k, v)
		}
		if !s.guard.host(r.Host) {
			http.Error(w, "this page does not go by that name: see UI_HOSTS", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
		"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "microphone=(self), camera=(), geolocation=()",
	"Referrer-Policy":              "no-referrer", // the form that asks for the token says otherwise: without one it has the origin null
	"X-Content-Type-Options":       "nosniff",
	"Cache-Control":                "no-cache",
}

var pageID = regexp.MustCompile(`^[a-z0-9]{4,12}$`)

// socket is the live line of one page.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	if !pageID.MatchString(id) {
		http.Error(w, "id is not [a-z0-9]{4,12}", http.StatusBadRequest)
		return
	}
	s.wg.Add(1) // Shutdown does not wait for sockets
	defer s.wg.Done()
	p, err := s.pages.join(id, s.networkAddress(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.pages.leave(p)
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the guard has looked at the origin
	if err != nil {
		s.log.DebugContext(r.Context(), "no socket", "id", p.room, "err", err) // the client has been told
		return
	}
	defer func() { _ = c.CloseNow() }()
	s.serveSocket(r.Context(), c, p)
}

// networkAddress is the address of a page on the network; the zero Addr is this machine.
func (s *Server) networkAddress(r *http.Request) netip.Addr {
	ip := s.login.address(r)
	if s.loopback || ip.Unmap().IsLoopback() {
		return netip.Addr{}
	}
	return ip
}

func writeError(w http.ResponseWriter, status int, why string) {
	writeJSON(w, status, map[string]string{"error": why})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// healthz says whether there is a broker.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if !s.pages.Ready() {
		http.Error(w, "no link to the broker", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
