//go:build linux

package e2etest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// The label by which .ci/setup --stop finds the containers of the tests, and the
// image that e2e/setup builds.
const (
	Label    = "bitbucket-auth-e2e"
	JobImage = Label + "/job:local"
)

// engineAnswers checks once whether a Docker engine answers.
var engineAnswers = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	text, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("docker isn't installed; .ci/setup installs it")
	case err != nil:
		return fmt.Errorf("no Docker engine answers (%s); .ci/setup starts one", firstLine(text))
	}
	return nil
})

// EngineRequired makes a missing engine a failure, as .ci/run requires.
func EngineRequired() bool { return os.Getenv("E2E_DOCKER") == "required" }

// NeedEngine skips a test if no Docker engine answers.
func NeedEngine(t testing.TB) {
	t.Helper()
	if err := engineAnswers(); err != nil {
		Skip(t, err)
	}
}

// NeedJobImage skips a test if the image that e2e/setup builds is missing.
func NeedJobImage(t testing.TB) {
	t.Helper()
	NeedEngine(t)
	if err := exec.Command("docker", "image", "inspect", JobImage).Run(); err != nil {
		Skip(t, fmt.Errorf("the image %s is missing; e2e/setup builds it", JobImage))
	}
}

// Skip skips a test, unless E2E_DOCKER=required.
func Skip(t testing.TB, reason error) {
	t.Helper()
	if EngineRequired() {
		t.Fatalf("E2E_DOCKER=required, but %v", reason)
	}
	t.Skip(reason)
}

// Docker runs the Docker client, and returns its output.
func Docker(t testing.TB, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("docker", args...)
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(string(text))
}

// NewName returns a unique name.
func NewName(prefix string) string { return prefix + "-" + strings.ToLower(rand.Text()[:10]) }

// ClientEnvironment is the part of the environment that a Docker client needs.
func ClientEnvironment() []string {
	var env []string
	for _, name := range []string{"PATH", "DOCKER_HOST", "DOCKER_CONFIG"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Builder is one of Docker's two ways to build an image.
type Builder struct {
	Client   string
	buildKit bool
}

// Classic is the Builder that act uses.
var Classic = Builder{Client: "docker"}

// BuildKit finds a client with BuildKit, for which newer ones need a plugin.
func BuildKit(t testing.TB) Builder {
	t.Helper()
	for _, client := range []string{"docker", "/usr/bin/docker"} {
		b := Builder{Client: client, buildKit: true}
		if b.command("version").Run() != nil {
			continue
		}
		// Both kinds reject an empty Dockerfile; only the message differs.
		probe := b.command("build", "-")
		text, _ := probe.CombinedOutput()
		if !bytes.Contains(text, []byte("buildx")) {
			return b
		}
	}
	Skip(t, errors.New("no Docker client here has BuildKit"))
	return Builder{}
}

func (b Builder) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.Client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	if b.buildKit {
		cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT=1")
	}
	return cmd
}

// Build builds an image for one test, and returns its name. It uses the host's
// network, which engines without a bridge have too.
func (b Builder) Build(t testing.TB, dir string, args ...string) string {
	t.Helper()
	image := NewName(Label + "/image:test")
	cmd := b.command(append([]string{"build", "--force-rm", "--network", "host", "--tag", image}, append(args, dir)...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		if bytes.Contains(text, []byte("GOPROXY=off")) {
			t.Log("run .ci/setup again: the stand-in for the Go image lacks a module")
		}
		t.Fatalf("docker build: %v\n%s", err, text)
	}
	t.Cleanup(func() { Docker(t, "image", "rm", image) })
	return image
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}
