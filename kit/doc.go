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
//	func main() { kit.Main(Module) }
//
// Messages are structs that know their topic, see package kit/msg: declare them in a
// package of their own, which both sides import. [Service] and [Env] say what a
// service is made of, [On], [Answer], [Stream], [Every] and [Loop] what it does, and
// package kit/kittest runs it in a test. A service hears nothing that it publishes
// itself, and it can ask once its start hooks are done, in [OnConnect] or in a [Loop]:
// before that [Ask] returns [ErrNotServing].
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
// see several topics in one order share a [Lane]. Concurrency is opt-in, by
// [Workers] or per key with [OrderedBy].
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
// jitter and subscribes again. An AtLeastOnce [Bus.Publish] waits for the link until
// its context ends; an AtMostOnce one fails at once with [ErrOffline].
//
// Faults stay small: an error or a panic in a handler costs one message, which
// is logged with its id and counted. Messages that cannot be decoded are
// counted by reason and dropped.
package kit
