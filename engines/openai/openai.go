// Package openai is a client of servers that speak the protocol of OpenAI:
// chat completions, transcriptions, speech, embeddings and the list of models.
// It is made for the many servers that almost speak it: what it reads may lack
// fields, hold null, or have another type than documented, and the stream of an
// answer may take any form that such a server was seen to send.
//
// A request that failed before its answer began is asked again, as often as
// [Options] says, when the connection broke or the status is 408, 409, 429 or
// 5xx. The wait is that of Retry-After, else half a second, doubled each time. A
// server that says that its model loads is asked until that is done.
//
// No error of this package holds the key or the address of the server. A status
// of 400 and above is an [apierror.Error]. Requests end with their context, and
// go through the proxy of HTTPS_PROXY and HTTP_PROXY.
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

// ErrPage is returned when the server answers with a web page: another server
// has the address, or the path lacks its /v1.
var ErrPage = errors.New("the server sent a page")

// Options are what a client knows of its server.
type Options struct {
	BaseURL     string            // with the version, for example http://127.0.0.1:8000/v1
	Key         string            // sent as bearer token; empty sends none
	Retries     int               // how often a request is asked again
	MaxResponse int               // most bytes of an answer; 0 sets no bound
	MaxWait     time.Duration     // a server that wants a longer wait before the next request gets none; 0 is two minutes
	LoadingTime time.Duration     // how long a server that says that its model loads is asked again; 0: as often as for other faults
	Transport   http.RoundTripper // nil is http.DefaultTransport, with its proxies
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	options Options
	base    *url.URL
	http    http.Client
}

// New returns a client of the server at o.BaseURL.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("it is no web address")
	}
	base.RawQuery, base.Fragment = "", ""
	return &Client{options: o, base: base, http: http.Client{Transport: o.Transport, CheckRedirect: sameServer}}, nil
}

// Host is the server of the settings, with its port, as people may see it.
func (c *Client) Host() string { return c.base.Host }

// sameServer refuses to follow a redirect to another server: the key and what was
// said are meant for the one of the settings.
func sameServer(q *http.Request, via []*http.Request) error {
	if first := via[0].URL; q.URL.Scheme != first.Scheme || q.URL.Host != first.Host {
		return errors.New("the server redirects to another one")
	}
	if len(via) >= 10 { // as net/http does
		return errors.New("the server redirects for ever")
	}
	return nil
}

// Models returns the names of the models that the server lists.
func (c *Client) Models(ctx context.Context) ([]string, error) {
	body, err := c.readAll(ctx, request{method: http.MethodGet, path: "models"})
	if err != nil {
		return nil, err
	}
	var list struct {
		Data []struct{ ID String }
	}
	if err := decodeJSON(body, &list); err != nil {
		return nil, err
	}
	var names []string
	for _, m := range list.Data {
		if m.ID != "" {
			names = append(names, string(m.ID))
		}
	}
	return names, nil
}

// request is one question. Its body is kept, to be sent again.
type request struct {
	method, path string
	accept       string // content type; empty is JSON
	kind         string // content type of body
	body         []byte
}

// jsonRequest is a POST of q.
func jsonRequest(path string, q any) (request, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // < in a prompt is <, not six characters
	err := enc.Encode(q)
	return request{method: http.MethodPost, path: path, kind: "application/json", body: b.Bytes()}, err
}

// readAll asks, and returns the whole answer.
func (c *Client) readAll(ctx context.Context, q request) ([]byte, error) {
	answer, err := c.do(ctx, q, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "text/html" {
		return nil, ErrPage
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return body, nil
}

// decodeJSON reads an answer into v. Servers that do not know an endpoint may answer
// in plain words with status 200.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	var kind *json.UnmarshalTypeError
	if err == nil || errors.As(err, &kind) { // a field of another type than documented; the rest was read
		return nil
	}
	return fmt.Errorf("the answer is no JSON: %w", err)
}

// saying is err with what the body of an answer says, where it says something.
func (c *Client) saying(err string, body []byte) error {
	if text := apierror.Text(bytes.NewReader(body), c.options.Key); text != "" {
		err += ": " + text
	}
	return errors.New(err)
}

// String is a text that servers also send as null, as a number, or as a list of
// parts; see [String.UnmarshalJSON].
type String string

// UnmarshalJSON takes a string, or the texts of a list of parts. All else is
// empty.
func (s *String) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = String(textOf(v))
	return nil
}

// textOf joins the texts of v: a string, an object with a text, or a list of those.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var all strings.Builder
		for _, part := range v {
			all.WriteString(textOf(part))
		}
		return all.String()
	case map[string]any:
		if kind, ok := v["type"].(string); ok && (strings.Contains(kind, "thinking") || strings.Contains(kind, "reasoning")) {
			return "" // not meant for the listener
		}
		return textOf(v["text"])
	}
	return ""
}

// Number is a number that servers also send as null or in quotes; all else is 0.
type Number float64

// UnmarshalJSON takes a number, also one in quotes.
func (n *Number) UnmarshalJSON(b []byte) error {
	var v json.Number // takes quotes too
	if json.Unmarshal(b, &v) == nil {
		f, _ := v.Float64()
		*n = Number(f)
	}
	return nil
}
