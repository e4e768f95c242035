package operate

// Events of a service that is away.
const (
	healthLost     = "lost"     // said by its last will
	healthShutdown = "shutdown" // said by itself
)

// healthPing is what a service says of its health. Services of other makes add
// fields, which are of no interest here.
type healthPing struct {
	OK    bool    `json:"ok"`
	Event *string `json:"event"`
}

// text is the health in a word.
func (h healthPing) text() string {
	switch {
	case h.OK:
		return "ready"
	case h.Event != nil:
		return *h.Event
	}
	return "failing"
}
