package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is what this process has used so far, user and system.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// statusKiB reads a member of /proc/self/status: VmRSS, VmHWM.
func statusKiB(name string) int {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for line := range bytes.Lines(status) {
		if rest, found := bytes.CutPrefix(line, []byte(name+":")); found {
			value, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
			must(err)
			return value
		}
	}
	return 0
}
