package health

import (
	"context"

	"github.com/gotars/tars/contract"
)

// Note puts h on the board as its handler does.
func Note(b *Board, h contract.HealthPing) { _ = b.note(context.Background(), h) }
