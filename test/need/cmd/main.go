// Command cmd says which tests this machine leaves out, for make test.
package main

import (
	"fmt"
	"os"

	"github.com/gotars/tars/test/need"
)

func main() {
	if err := need.Report(os.Stdout, os.Getenv("TARS_TEST_REQUIRE")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
