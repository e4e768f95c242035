// Package characters holds the characters that come with the program, one
// folder each. A folder of the same name below MEMORY_CHARACTER_DIR replaces one.
package characters

import "embed"

// Files has NAME/character.toml for each of them.
//
//go:embed */character.toml
var Files embed.FS
