package stt_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
)

func TestAnEngineIsLetGoWhenSomebodyGoesOn(t *testing.T) {
	begun, gone := make(chan struct{}, 8), make(chan struct{}, 8)
	t.Run("a server that speaks like OpenAI sees the request end", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			begun <- struct{}{}
			<-r.Context().Done()
			gone <- struct{}{}
		}))
		t.Cleanup(server.Close)
		goOn(t, watchedEngine{[]string{"STT_ENGINE=openai", "STT_OPENAI_URL=" + server.URL + "/v1"}, begun, gone})
	})
	t.Run("a Wyoming server sees the connection close", func(t *testing.T) {
		uri := enginetest.ServeTCP(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			for e, err := wyoming.Read(r); err == nil; e, err = wyoming.Read(r) {
				if e.Type == wyoming.AudioStop {
					begun <- struct{}{}
				}
			}
			gone <- struct{}{}
		})
		goOn(t, watchedEngine{[]string{"STT_ENGINE=wyoming", "STT_WYOMING_URI=" + uri}, begun, gone})
	})
}
