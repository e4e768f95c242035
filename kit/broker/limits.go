package broker

import (
	"cmp"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Limits bound what clients that connect over TCP may cost together; zero fields
// are the defaults that the tags name. Connections made by [Broker.Dial] are in no total.
type Limits struct {
	Connections             int           `default:"256" desc:"connections of clients at a time"`
	ConnectionsBeforeLogin  int           `split_words:"true" default:"64" desc:"connections that have not logged in; one more ends the oldest of them"`
	LoginTimeout            time.Duration `split_words:"true" default:"10s" desc:"time for a connection to log in"`
	Sessions                int           `default:"256" desc:"sessions, those without a connection included; clients whose session ends with the connection are let in beyond"`
	SessionExpiry           time.Duration `split_words:"true" default:"1h" desc:"longest time that a session outlives its connection"`
	Subscriptions           int           `default:"4096" desc:"subscriptions of all sessions; each 8 levels of a filter count as one"`
	SubscriptionsPerSession int           `split_words:"true" default:"256" desc:"subscriptions of one session"`
	Retained                int           `default:"4096" desc:"retained messages"`
	RetainedBytes           int64         `split_words:"true" default:"33554432" desc:"bytes of all retained messages"`
	WaitingBytes            int64         `split_words:"true" default:"16777216" desc:"bytes that wait for clients that read slowly or are away"`
	WaitingBytesPerClient   int64         `split_words:"true" default:"16777216" desc:"such bytes for one client"`
	TopicLevels             int           `split_words:"true" default:"200" desc:"levels of a topic or filter"`
	TopicBytes              int           `split_words:"true" default:"1024" desc:"length of a topic or filter"`
}

// DefaultLimits are those of the zero value.
func DefaultLimits() Limits { return Limits{}.orDefaults() }

func (l Limits) orDefaults() Limits {
	return Limits{
		Connections:             cmp.Or(l.Connections, 256),
		ConnectionsBeforeLogin:  cmp.Or(l.ConnectionsBeforeLogin, 64),
		LoginTimeout:            cmp.Or(l.LoginTimeout, 10*time.Second),
		Sessions:                cmp.Or(l.Sessions, 256),
		SessionExpiry:           cmp.Or(l.SessionExpiry, time.Hour),
		Subscriptions:           cmp.Or(l.Subscriptions, 4096),
		SubscriptionsPerSession: cmp.Or(l.SubscriptionsPerSession, 256),
		Retained:                cmp.Or(l.Retained, 4096),
		RetainedBytes:           cmp.Or(l.RetainedBytes, 32<<20),
		WaitingBytes:            cmp.Or(l.WaitingBytes, 16<<20),
		WaitingBytesPerClient:   cmp.Or(l.WaitingBytesPerClient, 16<<20),
		TopicLevels:             cmp.Or(l.TopicLevels, 200),
		TopicBytes:              cmp.Or(l.TopicBytes, 1024),
	}
}

// Validate reports the first limit that cannot work, for limits that were read
// from the environment and not left to the defaults. Names are those of the
// variables that a program may read them from.
func (l Limits) Validate() error {
	for name, n := range map[string]int64{
		"CONNECTIONS": int64(l.Connections), "CONNECTIONS_BEFORE_LOGIN": int64(l.ConnectionsBeforeLogin),
		"SESSIONS": int64(l.Sessions), "SUBSCRIPTIONS": int64(l.Subscriptions), "SUBSCRIPTIONS_PER_SESSION": int64(l.SubscriptionsPerSession),
		"RETAINED": int64(l.Retained), "RETAINED_BYTES": l.RetainedBytes, "WAITING_BYTES": l.WaitingBytes,
		"WAITING_BYTES_PER_CLIENT": l.WaitingBytesPerClient, "TOPIC_LEVELS": int64(l.TopicLevels), "TOPIC_BYTES": int64(l.TopicBytes),
	} {
		if n < 1 {
			return fmt.Errorf("BROKER_%s is %d, want a number above 0", name, n)
		}
	}
	switch {
	case l.LoginTimeout < 100*time.Millisecond:
		return fmt.Errorf("BROKER_LOGIN_TIMEOUT is %s, want at least 100ms", l.LoginTimeout)
	case l.SessionExpiry < time.Second || l.SessionExpiry > maxSessionExpiry:
		return fmt.Errorf("BROKER_SESSION_EXPIRY is %s, want 1s to %s", l.SessionExpiry, maxSessionExpiry)
	}
	return nil
}

const (
	maxSessionExpiry  = 365 * 24 * time.Hour
	maxConnectBytes   = 64 << 10  // bytes of a CONNECT
	maxFilters        = 4096      // in one SUBSCRIBE or UNSUBSCRIBE: mochi spends 64 bytes on each, and its client 3
	maxUserProperties = 1024      // of one packet: 32 bytes for 5
	maxQueuedAcks     = 1 << 20   // bytes of acknowledgements that a client does not read, before it is cut off
	minSubscriptions  = 16        // subscriptions that a session may have also when the total is used up
	minWaitingBytes   = 32 << 10  // bytes that may wait for a client that is connected, also when the total is used up
	maxTrustedQueue   = 128 << 20 // bytes that may wait for one client of this process
	receiveMaximum    = 1024      // QoS 2 publications that a client may leave open, as CONNACK says
	messageOverhead   = 1024      // bytes that mochi and this package spend on a message beside its content
	levelOverhead     = 512       // bytes that mochi spends on a level of a topic
	levelsPerFilter   = 8         // levels that count as one subscription: mochi spends 612 bytes on each (measured)
	mochiQueueLength  = 1024      // length of mochi's own queue of a client, which is emptied at once
)

// Reasons for which something was refused, cut off or dropped. They label
// counters.
const (
	refusedMalformed       = "malformed_packet"
	refusedProtocol        = "protocol_error"
	refusedTooLarge        = "packet_too_large"
	refusedLoginTimeout    = "login_timeout"
	refusedLogin           = "bad_login"
	refusedClientID        = "client_id_reserved"
	refusedConnections     = "connections"
	refusedBeforeLogin     = "connections_before_login"
	refusedSessions        = "sessions"
	refusedSubscriptions   = "subscriptions"
	refusedFilter          = "topic_filter"
	refusedTopic           = "topic_name"
	refusedRetained        = "retained_messages"
	refusedRetainedBytes   = "retained_bytes"
	refusedWaiting         = "waiting_bytes"
	refusedWaitingOfClient = "waiting_bytes_per_client"
	refusedUnreadAcks      = "unread_acknowledgements"
	refusedPanic           = "panic"
	refusedTooManyFields   = "too_many_fields"
	refusedUnfinished      = "unfinished_packets"
	refusedReceiveMaximum  = "receive_maximum"
	refusedVersion         = "version_or_authentication"
)

// RefusedTopic is where the broker retains how much it has refused for each
// reason, once a minute: $SYS/broker/refused/bad_login has the payload 3.
const RefusedTopic = "$SYS/broker/refused/"

// logInterval is how often the log tells of one reason.
const logInterval = 10 * time.Second

// Stats are figures of a broker.
type Stats struct {
	Connections       int   // of clients that are logged in
	BeforeLogin       int   // connections that are not
	Sessions          int   // those without a connection included
	Subscriptions     int   // of all sessions
	Retained          int   // messages
	RetainedBytes     int64 // topics and contents
	WaitingBytes      int64 // for clients that connected over TCP, with what a message costs beside its content
	UnfinishedPackets int64 // bytes of packets that are not here as a whole

	Refused map[string]int64 // since the start, by reason
}

// refusals counts what was refused, and tells the log of each reason at most
// once in logInterval.
type refusals struct {
	log *slog.Logger

	mu       sync.Mutex
	byReason map[string]*refusal
}

type refusal struct {
	n, logged int64
	loggedAt  time.Time
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, byReason: map[string]*refusal{}}
}

// count counts one refusal; detail must be nothing that a client chose.
func (r *refusals) count(reason, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.byReason[reason]
	if one == nil {
		one = &refusal{}
		r.byReason[reason] = one
	}
	one.n++
	if now := time.Now(); now.Sub(one.loggedAt) >= logInterval {
		r.log.Warn("broker refused a client", "reason", reason, "detail", detail, "times", one.n-one.logged)
		one.logged, one.loggedAt = one.n, now
	}
}

func (r *refusals) counts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]int64{}
	for reason, one := range r.byReason {
		out[reason] = one.n
	}
	return out
}
