package contract

import "github.com/gotars/tars/kit/msg"

// EngineInUse says which engine a service takes: what hears, thinks or speaks, makes the
// vectors of the memory, or listens for wake words (tars-wake). It is retained, and comes
// again when another one is taken.
type EngineInUse struct {
	msg.Ident
	Name   string  `json:"-"`                     // last level of the topic: the usual client id of the service
	Engine string  `json:"engine" msg:"required"` // none: there is none
	From   string  `json:"from"`                  // where it was found, for people: a variable, a server
	Cloud  *string `json:"cloud"`                 // host of somebody else that gets what the engine is given; null: it stays in the house
}

// Route is system/engine/<name>.
func (EngineInUse) Route() msg.Route {
	return msg.Route{Topic: "system/engine/+", Type: "system.engine", QoS: msg.AtLeastOnce, Retain: true}
}

// Key is the name.
func (e EngineInUse) Key() string { return e.Name }

// SetKey sets the name.
func (e *EngineInUse) SetKey(key string) { e.Name = key }
