package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// machine is where and when a report was made. It names no path, user or host.
type machine struct {
	processor             string
	versions              []string
	date                  time.Time
	loadBefore, loadAfter string
	took                  time.Duration
}

func (b bench) machine() machine {
	m := machine{processor: "unknown", date: time.Now().UTC()}
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere than on Linux it stays unknown
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.processor = strings.TrimSpace(value)
			break
		}
	}
	for _, tool := range []struct {
		name string
		args []string
	}{
		{"kernel", []string{"uname", "-sr"}},
		{"", []string{"go", "version"}},
		{"", []string{"bash", "--version"}},
		{"node", []string{"node", "--version"}},
		{"", []string{"curl", "--version"}},
		{"Docker engine", []string{"docker", "version", "--format", "{{.Server.Version}}"}},
	} {
		version, err := firstLine(tool.args...)
		if err != nil {
			version = "none"
		}
		version, _, _ = strings.Cut(version, " (") // what it was built with
		if err != nil && tool.name == "" {
			tool.name = tool.args[0]
		}
		m.versions = append(m.versions, strings.TrimSpace(tool.name+" "+version))
	}
	return m
}

// firstLine runs a command, and returns the first line that it prints.
func firstLine(args ...string) (string, error) {
	text, err := command(args[0], args[1:]...).Output()
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line, err
}

// command is a command to run. All of them end by themselves.
func command(name string, args ...string) *exec.Cmd {
	return exec.Command(name, args...) //nolint:gosec,noctx // commands of our own
}

// load is the machine's load average over a minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

func (m machine) table() table {
	t := table{title: "The machine", head: []string{"what", "which"}}
	t.add("processor", fmt.Sprintf("%s, %d cores", m.processor, runtime.NumCPU()))
	t.add("software", strings.Join(m.versions, " · "))
	t.add("date", m.date.Format("2006-01-02 15:04 UTC"))
	t.add("load average", fmt.Sprintf("%s before, %s after the run of %s", m.loadBefore, m.loadAfter, m.took.Round(time.Second)))
	return t
}
