//go:build linux

package e2e

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
	label    = "bitbucket-auth-e2e"
	jobImage = label + "/job:local"
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

// engineRequired makes a missing engine a failure, as .ci/run requires.
func engineRequired() bool { return os.Getenv("E2E_DOCKER") == "required" }

// needEngine skips a test if no Docker engine answers.
func needEngine(t testing.TB) {
	t.Helper()
	if err := engineAnswers(); err != nil {
		skip(t, err)
	}
}

// needJobImage skips a test if the image that e2e/setup builds is missing.
func needJobImage(t testing.TB) {
	t.Helper()
	needEngine(t)
	if err := exec.Command("docker", "image", "inspect", jobImage).Run(); err != nil {
		skip(t, fmt.Errorf("the image %s is missing; e2e/setup builds it", jobImage))
	}
}

func skip(t testing.TB, reason error) {
	t.Helper()
	if engineRequired() {
		t.Fatalf("E2E_DOCKER=required, but %v", reason)
	}
	t.Skip(reason)
}

// docker runs the Docker client, and returns its output.
func docker(t testing.TB, args ...string) string {
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

// newName returns a unique name.
func newName(prefix string) string { return prefix + "-" + strings.ToLower(rand.Text()[:10]) }

// clientEnvironment is the part of the environment that a Docker client needs.
func clientEnvironment() []string {
	var env []string
	for _, name := range []string{"PATH", "DOCKER_HOST", "DOCKER_CONFIG"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// builder is one of Docker's two ways to build an image.
type builder struct {
	client   string
	buildKit bool
}

// classic is the builder that act uses.
var classic = builder{client: "docker"}

// buildKit finds a client with BuildKit, for which newer ones need a plugin.
func buildKit(t testing.TB) builder {
	t.Helper()
	for _, client := range []string{"docker", "/usr/bin/docker"} {
		b := builder{client: client, buildKit: true}
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
	skip(t, errors.New("no Docker client here has BuildKit"))
	return builder{}
}

func (b builder) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	if b.buildKit {
		cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT=1")
	}
	return cmd
}

// build builds an image for one test, and returns its name. It uses the host's
// network, which engines without a bridge have too.
func (b builder) build(t testing.TB, dir string, args ...string) string {
	t.Helper()
	image := newName(label + "/image:test")
	cmd := b.command(append([]string{"build", "--force-rm", "--network", "host", "--tag", image}, append(args, dir)...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		if bytes.Contains(text, []byte("GOPROXY=off")) {
			t.Log("run .ci/setup again: the stand-in for the Go image lacks a module")
		}
		t.Fatalf("docker build: %v\n%s", err, text)
	}
	t.Cleanup(func() { docker(t, "image", "rm", image) })
	return image
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}
