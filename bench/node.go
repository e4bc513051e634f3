package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// node bundles the yardstick in Node, and returns how to run it, or why that
// can't be done here.
func (b bench) node() (args []string, missing error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("there is no node here")
	}
	if !upToDate("node/node_modules/.package-lock.json", "node/package-lock.json") {
		if err := inNode("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return nil, err
		}
	}
	bundle := filepath.Join(b.programs, "node.cjs")
	// As small as it gets, since Node reads all of it at every start.
	err = inNode("node_modules/.bin/esbuild", "main.js", "--bundle", "--minify", "--platform=node", "--format=cjs", "--outfile="+bundle)
	return []string{node, bundle}, err
}

// upToDate tells whether a file is there, and no older than what it is made of.
func upToDate(made, source string) bool {
	m, err := os.Stat(made)
	if err != nil {
		return false
	}
	s, err := os.Stat(source)
	return err == nil && !m.ModTime().Before(s.ModTime())
}

func inNode(args ...string) error {
	cmd := command(args[0], args[1:]...)
	cmd.Dir = "node"
	if text, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(string(text), "\n")
		return fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, line)
	}
	return nil
}
