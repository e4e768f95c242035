//go:build !race

package fault

const racing = false
