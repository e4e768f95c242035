// Package seam is what kittest may do to a bus and nobody else.
package seam

// Seam is injected by kittest; its zero value is production.
type Seam struct {
	Undeclared      func(error) // called on an undeclared Publish or Ask
	AllowUndeclared bool        // this bus may publish and ask anything
}
