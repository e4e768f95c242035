package apierror

import (
	"fmt"
	"io"
)

// LimitBody ends body with an error that says so when it has more than maxBytes.
func LimitBody(body io.ReadCloser, maxBytes int) io.ReadCloser {
	return &limitedBody{body, maxBytes, maxBytes}
}

// limitedBody is the body of an answer that may have maxBytes.
type limitedBody struct {
	io.ReadCloser
	maxBytes, left int // left is -1 after one more
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it sent more than %d MiB", b.maxBytes>>20)
	}
	return n, err
}
