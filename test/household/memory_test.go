package household

import (
	"database/sql"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// memoryCheck reads the file of the memory beside the service.
type memoryCheck struct {
	path string
	last int64 // line that was checked
}

// check looks at the answers that are long enough over for all to be known of them.
func (m *memoryCheck) check(t *testing.T, c *checker, now time.Time) {
	const settled = 30 * time.Minute
	db, err := sql.Open("sqlite", "file:"+m.path+"?_pragma=query_only(on)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id, text, utt_id FROM line WHERE id > ? AND role = ? AND at < ? ORDER BY id", m.last, contract.RoleAssistant, float64(now.Add(-settled).UnixMicro())/1e6)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for rows.Next() {
		var text, utt string
		if err := rows.Scan(&m.last, &text, &utt); err != nil {
			t.Fatal(err)
		}
		c.checkRemembered("memory", text, utt, now)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
