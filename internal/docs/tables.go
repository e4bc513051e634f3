package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

func inputTable(settings []contract.Setting) string {
	var b strings.Builder
	b.WriteString("| input | default | meaning |\n|---|---|---|\n")
	for _, setting := range settings {
		if setting.NotInput {
			continue
		}
		b.WriteString(settingRow(setting.ID, cmp.Or(setting.Expression, setting.Default), setting))
	}
	return b.String()
}

// pluginTable lists the settings of a plugin, by the names that reach it on every
// host with plugins: a shell may drop variables whose names contain hyphens.
func pluginTable(settings []contract.Setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for _, setting := range settings {
		if setting.Variable != "" {
			continue // not a plugin's
		}
		b.WriteString(settingRow(strings.ReplaceAll(setting.ID, "-", "_"), setting.Default, setting))
	}
	return b.String()
}

func settingRow(name, standard string, setting contract.Setting) string {
	if standard != "" {
		standard = "`" + standard + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", name, standard, setting.Description)
}

// outputTable says which outputs are masked, if any is.
func outputTable(outputs []contract.Output) string {
	var b strings.Builder
	if !slices.ContainsFunc(outputs, func(o contract.Output) bool { return o.Secret }) {
		b.WriteString("| output | meaning |\n|---|---|\n")
		for _, output := range outputs {
			fmt.Fprintf(&b, "| `%s` | %s |\n", output.ID, output.Description)
		}
		return b.String()
	}
	b.WriteString("| output | masked | meaning |\n|---|---|---|\n")
	for _, output := range outputs {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", output.ID, map[bool]string{true: "yes"}[output.Secret], output.Description)
	}
	return b.String()
}
