// Package contract holds every message of the stack, one file per domain:
// types, their routes, and nothing that runs. docs/wire.md describes the wire;
// the words of their tags are explained in kit/wire.
//
// To add a message, write its struct in the file of its domain, embed msg.Ident
// if it has a message_id, and give it a Route. Put the unit of every number in
// its comment. A message that asks gets Reply, and what else of kit/msg fits.
// Then list the type in routes_test.go, put vectors into testdata/golden with
// their rows in index.tsv, and run the tests: they decode, encode and refuse.
//
// A pointer is a field that may be null. A field with a default that must be
// able to carry zero or false is a pointer too: nil is the default.
// All times are Unix seconds unless a comment says otherwise.
package contract
