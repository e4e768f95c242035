//go:build !unix

package install

import "errors"

var errSystem = errors.New("engines are installed on Linux and macOS: elsewhere, start servers by hand and set their addresses")

func lockDir(string) (func(), error) { return nil, errSystem }

func freeBytes(string) (int64, error) { return 0, errSystem }
