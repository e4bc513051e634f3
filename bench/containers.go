package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// containerRounds are few, as each takes about a second.
const containerRounds = 40

// What e2e/setup --stop clears up.
const label = "bitbucket-auth-e2e"

// engine says why no Docker engine can be used, if so.
func engine() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no docker here; e2e/setup gets one")
	case err != nil:
		return errors.New("no Docker engine answers; e2e/setup starts one")
	}
	return nil
}

// containers measures a step in a container, as GitHub's runner runs it, beside
// the same `docker run` of an image that only exits.
func (b bench) containers(r *report) error {
	t := table{
		title: "A container run",
		head:  []string{"what", "time", "beside", "its time", "ratio", "budget", "verdict"},
	}
	defer func() { r.tables = append(r.tables, t) }()
	if err := engine(); err != nil {
		t.note("Not measured: %v.", err)
		return nil
	}
	image, err := b.buildProduct()
	if err != nil {
		t.note("Not measured: the image can't be built here: %v.", err)
		return nil
	}
	defer removeImage(image)
	exits, err := b.buildExits()
	if err != nil {
		return err
	}
	defer removeImage(exits)

	s, err := b.newStep(nil)
	if err != nil {
		return err
	}
	if s.inputs, err = documentedSample(); err != nil {
		return err
	}
	var programs []program
	for _, run := range []struct{ image, entrypoint string }{{image, "/bitbucket-auth"}, {exits, "/exits"}} {
		p, err := s.container(run.image, run.entrypoint)
		if err != nil {
			return err
		}
		programs = append(programs, p)
	}
	laps, err := race(containerRounds, programs...)
	if err != nil {
		return err
	}
	ratio := laps[0].over(laps[1])
	t.add("`docker run` of the image", milliseconds(laps[0].wall()), "the same of an image that only exits", milliseconds(laps[1].wall()),
		ratio.String(), fmt.Sprintf("at most %.2f", budgetDocker), verdict(ratio.median <= budgetDocker))
	t.note("%d rounds in turns, with the mounts and variables of GitHub's runner, and no network.", containerRounds)

	contents, err := readImage(image)
	if err != nil {
		return err
	}
	r.image = &contents
	return nil
}

// buildProduct builds the image from the repository, as `uses: ./` does, but on
// the host's network, which engines without a bridge have too.
func (b bench) buildProduct() (image string, err error) {
	image = newName(label + "/bench:product")
	return image, docker("build", "--quiet", "--force-rm", "--network", "host", "--tag", image, root)
}

func (b bench) buildExits() (image string, err error) {
	dir := filepath.Join(b.scratch, "exits")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	text, err := os.ReadFile(b.yardstick("exits"))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "exits"), text, 0o755); err != nil { //nolint:gosec // a program
		return "", err
	}
	recipe := "FROM scratch\nCOPY exits /\nENTRYPOINT [\"/exits\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(recipe), 0o600); err != nil {
		return "", err
	}
	image = newName(label + "/bench:exits")
	return image, docker("build", "--quiet", "--force-rm", "--network", "none", "--tag", image, dir)
}

func newName(prefix string) string { return prefix + "-" + strings.ToLower(rand.Text()[:10]) }

func removeImage(image string) { _ = docker("image", "rm", image) }

func docker(args ...string) error {
	cmd := command("docker", args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return fmt.Errorf("docker %s: %w: %s", args[0], err, lines[len(lines)-1])
	}
	return nil
}

// container is this step in a container, as GitHub's runner starts one
// (actions/runner, ContainerActionHandler.cs). The same mounts and variables
// are handed to any image.
func (s step) container(image, entrypoint string) (program, error) {
	client, err := exec.LookPath("docker")
	if err != nil {
		return program{}, err
	}
	const inside = "/github/file_commands"
	args := []string{
		client, "run", "--label", label, "--workdir", "/github/workspace", "--rm", "--network", "none", "--entrypoint", entrypoint,
	}
	env, err := s.environ()
	if err != nil {
		return program{}, err
	}
	var handed []string
	for _, variable := range env {
		// Only names are on the command line; the values are in the client's
		// environment.
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case name == "PATH":
			handed = append(handed, variable)
			continue
		case strings.HasPrefix(variable, name+"="+s.dir):
			variable = name + "=" + path.Join(inside, name)
		}
		handed = append(handed, variable)
		args = append(args, "-e", name)
	}
	for _, mount := range []string{
		"/var/run/docker.sock:/var/run/docker.sock",
		s.dir + ":" + inside,
		s.dir + ":/github/runner_temp",
		s.dir + ":/github/home",
		s.dir + ":/github/workflow",
		s.dir + ":/github/workspace",
	} {
		args = append(args, "-v", mount)
	}
	return program{name: "docker run " + entrypoint, args: append(args, image), env: handed, before: s.fresh}, nil
}
