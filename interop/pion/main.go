// Command pion is the interop partner built on Pion, and its side of the benchmarks.
//
//	pion peer                    JSON lines on standard input and output (interop/README.md)
//	pion bench WORK [flags]      one JSON object a line, the same works as `cargo xtask bench`
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: pion peer | pion bench WORK [flags]")
	}
	switch os.Args[1] {
	case "peer":
		servePeer(os.Stdin, os.Stdout)
	case "bench":
		runBench(os.Args[2:])
	default:
		fail("no such command: " + os.Args[1])
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
