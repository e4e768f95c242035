// Package kit turns a plain Go type into a service on an MQTT 5 bus.
//
// A service is a type with methods. Its Handlers method says which messages it
// takes, asks and sends; the kit owns the connection, the queues, the
// acknowledgements, the health messages and the order of start and stop.
//
//	var Module = kit.Service[*Service]("weather", kit.Env[Config](), fx.Provide(New))
//
//	func (s *Service) Handlers() []kit.Handler {
//		return []kit.Handler{
//			kit.On(s.heard),
//			kit.Answer(s.forecast, kit.Workers(4)),
//		}
//	}
//
// The life of a service, and what its retained health says meanwhile:
//
//	constructed ─▶ connecting ─▶ hooks done ─▶ subscribed ─▶ serving ─▶ draining ─▶ gone
//	                   ▲                        ready            │      shutdown
//	                   │                        reconnected      │
//	                   └──────────── link lost: the will says lost
//
// # Promises
//
// Order: a handler sees messages in the order they arrived. Handlers that must
// see several topics in one order share a Lane. Concurrency is opt-in, by
// Workers or per key with OrderedBy.
//
// At least once means handled: an AtLeastOnce message is acknowledged after
// its handler returned. What a drain leaves unfinished stays unacknowledged,
// and the broker delivers it to the next process of that name.
//
// Receipt never blocks: the client's callback only enqueues. AtLeastOnce
// pressure goes back to the broker by the Receive Maximum; AtMostOnce messages
// beyond a queue's bound push out the oldest, which is counted.
//
// The broker may go away: the bus reconnects with exponential backoff and
// jitter and subscribes again. An AtLeastOnce Publish waits for the link until
// its context ends; an AtMostOnce one fails at once with ErrOffline.
//
// Faults stay small: an error or a panic in a handler costs one message, which
// is logged with its id and counted. Messages that cannot be decoded are
// counted by reason and dropped.
package kit
