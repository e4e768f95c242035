package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
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
	house      *House
	assets     assets
	form       *template.Template // that asks for the token
	loopback   bool               // whatever the address of a request says, it comes from this machine
	lang       string             // of typed texts; empty: that of the browser
	strangers  *tokenBucket       // log lines about pages of another address
	complaints *tokenBucket       // log lines about frames that make no sense
	log        *slog.Logger

	wg sync.WaitGroup // the accept loop and the sockets
}

// OpenServer returns a server whose hook listens at cfg.Addr.
func OpenServer(lc fx.Lifecycle, cfg Config, bus *kit.Bus, pages *Pages, house *House, listen kit.Listen, log *slog.Logger) (*Server, error) {
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
	house.engines.life = life
	s := &Server{guard: newOriginGuard(cfg), login: newAuthenticator(cfg, life, log), bus: bus, pages: pages, house: house, assets: files, form: form,
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
			house.engines.wg.Wait()
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
	for pattern, h := range s.openRoutes() {
		mux.Handle(pattern, h)
	}
	for pattern, serve := range s.routes() {
		mux.Handle(pattern, s.private(serve))
	}
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

// openRoutes are what is served to everybody: the form that asks for the token, in whose
// place who is logged in gets the page, and what tells nothing.
func (s *Server) openRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"/":            s.entrance(s.assets),
		"GET /enter":   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.assets.page(w, "enter.html", http.StatusOK) }),
		"GET /healthz": http.HandlerFunc(s.healthz),
	}
}

// routes are what is served to our own page and to who is logged in, and to nobody else.
func (s *Server) routes() map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{
		"GET /ws":                 s.socket,
		"GET /api/memory":         s.recall,
		"POST /api/memory/forget": s.forget,
		"GET /api/memory/export":  s.export,
		"GET /api/history":        s.history,
		"POST /api/history/clear": s.clearHistory,
		"POST /api/timers":        s.timer,
		"GET /api/turns":          s.listTurns,
		"GET /api/turns/{id}":     s.turn,
		"POST /api/character":     s.character,
		"POST /api/speak":         s.speak,
		"POST /api/tools":         s.switchTools,
		"GET /api/session":        s.session,
		"POST /logout":            s.logout,
		"POST /logout/all":        s.logoutAll,
	}
	maps.Copy(all, s.house.routes())
	return all
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
