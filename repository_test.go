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
