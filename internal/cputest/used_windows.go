package cputest

import (
	"syscall"
	"time"
)

func used() time.Duration {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		panic(err)
	}
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		panic(err)
	}
	return duration(kernel) + duration(user)
}

// duration reads a number of 100 ns (GetProcessTimes).
func duration(t syscall.Filetime) time.Duration {
	return time.Duration(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) * 100 //nolint:gosec // a process runs for less than centuries
}
