package contract

import "github.com/gotars/tars/kit/msg"

// The events of HealthPing in use; free text is allowed.
const (
	HealthReady       = "ready"       // subscribed and loaded
	HealthReconnected = "reconnected" // the link was lost and is back
	HealthDegraded    = "degraded"    // works, but not as it should
	HealthShutdown    = "shutdown"    // goes away by itself
	HealthLost        = "lost"        // went away without a word: the broker says so
	HealthError       = "error"       // Err says what
)

// HealthPing says how a service is. Wake sends no message_id, calls the time ts
// and adds its version; all of it is taken.
type HealthPing struct {
	msg.Ident
	Name      string  `json:"-"` // last level of the topic: the client id
	OK        bool    `json:"ok" msg:"required"`
	Event     *string `json:"event,omitempty"`
	Err       *string `json:"err,omitempty"`
	Timestamp float64 `json:"timestamp" msg:"now,alias=ts"`
	Version   *string `json:"version" msg:"foreign"`
}

// Route is system/health/<name>.
func (HealthPing) Route() msg.Route {
	return msg.Route{Topic: "system/health/+", Type: "health.status", QoS: msg.AtLeastOnce, Retain: true}
}

// Key is the name.
func (h HealthPing) Key() string { return h.Name }

// SetKey sets the name.
func (h *HealthPing) SetKey(key string) { h.Name = key }

// Keepalive is the heartbeat of a client, every 5 seconds where it is on.
type Keepalive struct {
	Name      string  `json:"-"`                 // last level of the topic: the client id
	OK        *bool   `json:"ok" default:"true"` // nil is true
	Event     string  `json:"event" default:"heartbeat"`
	Timestamp float64 `json:"timestamp" msg:"required,now"`
}

// Route is system/keepalive/<name>.
func (Keepalive) Route() msg.Route {
	return msg.Route{Topic: "system/keepalive/+", Bare: true}
}

// Key is the name.
func (k Keepalive) Key() string { return k.Name }

// SetKey sets the name.
func (k *Keepalive) SetKey(key string) { k.Name = key }
