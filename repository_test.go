package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestBuildFlags compares the two places that name the build flags. Everything
// else builds through the Makefile.
func TestBuildFlags(t *testing.T) {
	flagsIn := func(name, pattern string) []string {
		text := strings.ReplaceAll(readFile(t, name), "\\\n", " ")
		match := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("%s names no build flags", name)
		}
		return strings.Fields(match[1])
	}
	want := flagsIn("Makefile", `(?m)^FLAGS\s*=(.*)$`)
	if got := flagsIn("Dockerfile", `go build (.*?) -ldflags`); !slices.Equal(got, want) {
		t.Errorf("the Dockerfile builds with %q, the Makefile with %q", got, want)
	}
	want = flagsIn("Makefile", `(?m)^LDFLAGS\s*=(.*) -X`)
	if got := flagsIn("Dockerfile", `-ldflags "(.*?) -X`); !slices.Equal(got, want) {
		t.Errorf("the Dockerfile links with %q, the Makefile with %q", got, want)
	}
	if build := readFile(t, "scripts/release/build"); strings.Contains(build, "go build") {
		t.Error("scripts/release/build doesn't build the programs through the Makefile")
	}
}

// go.mod's toolchain line is the version of Go that CI and releases use. The
// Dockerfile repeats it, since a bot raises its tag.
func TestGoVersion(t *testing.T) {
	match := regexp.MustCompile(`(?m)^go (1\.\d+)\.0\n\ntoolchain go((1\.\d+)\.\d+)$`).FindStringSubmatch(readFile(t, "go.mod"))
	if match == nil || match[1] != match[3] {
		t.Fatal("go.mod doesn't name a first release of Go, and a toolchain of the same minor version")
	}
	tags := regexp.MustCompile(`golang:(\S+?)-`).FindAllStringSubmatch(readFile(t, "Dockerfile"), -1)
	if len(tags) != 1 {
		t.Fatalf("the Dockerfile names %d images of Go", len(tags))
	}
	if got, want := tags[0][1], match[2]; got != want {
		t.Errorf("the Dockerfile builds with Go %s, and go.mod names %s: raise the older one (go mod edit -toolchain=go%s)", got, want, got)
	}
}

// TestDependencies limits the program to four libraries, whose reasons are in the
// README.
func TestDependencies(t *testing.T) {
	text, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Require []struct{ Indirect bool } }
	if err := json.Unmarshal(text, &module); err != nil {
		t.Fatal(err)
	}
	direct := 0
	for _, library := range module.Require {
		if !library.Indirect {
			direct++
		}
	}
	t.Logf("measured: %d", direct)
	if direct > 4 {
		t.Errorf("go.mod requires %d modules directly, want at most 4", direct)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
