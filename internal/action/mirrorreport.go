package action

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Limits that keep the log and the summary readable.
const (
	maxLogged = 200
	maxRows   = 500
)

// log shows a line at once.
func (m *mirroring) log(format string, args ...any) {
	m.note(fault.Infof(format, args...))
	m.showRemarks()
}

// begin logs that a part of the run starts. The function that it returns logs the
// result and the time that the part took.
func (m *mirroring) begin(format string, args ...any) (ended func(format string, args ...any)) {
	m.log(format, args...)
	start := m.world.Now()
	return func(format string, args ...any) {
		m.log("%s (%.1f s)", fmt.Sprintf(format, args...), m.world.Now().Sub(start).Seconds())
	}
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// report hands over the results. Refs that were left alone fail the run.
func (m *mirroring) report(ctx context.Context) error {
	if err := m.handOver(ctx); err != nil {
		return err
	}
	if m.plan.Count(mirror.Refused) == 0 {
		return nil
	}
	return fault.New(fault.Incomplete, m.hide(m.leftAlone()),
		"read the reason for each of them in the log; all others are up to date",
		"to replace diverged branches and moved tags with what the source has, set overwrite: true")
}

// leftAlone says which refs were left alone.
func (m *mirroring) leftAlone() string {
	named := m.plan.Refused()
	count := m.plan.Count(mirror.Refused)
	switch {
	case len(named) == 0:
		return m.unnamed()
	case count == 1:
		return fmt.Sprintf("%s was left alone: %s, since %s", mirror.Quantity(1), named[0].Ref, named[0].Reason)
	}
	return fmt.Sprintf("%s were left alone, such as %s, since %s", mirror.Quantity(count), named[0].Ref, named[0].Reason)
}

// unnamed says how many refs were left alone whose names aren't shown.
func (m *mirroring) unnamed() string {
	if m.plan.Secret() == 1 {
		return mirror.Quantity(1) + " was left alone and isn't named, since its name contains a piece of a token"
	}
	return mirror.Quantity(m.plan.Secret()) + " were left alone and aren't named, since their names contain a piece of a token"
}

// handOver logs each change, and gives the results to later steps.
func (m *mirroring) handOver(ctx context.Context) error {
	changes := m.plan.Changes()
	for i, c := range changes {
		if i == maxLogged {
			m.log("and %d more", len(changes)-maxLogged)
			break
		}
		m.log("%s", m.hide(line(c)))
	}
	if m.plan.Secret() > 0 {
		m.log("%s", m.unnamed())
	}
	m.log("%s", m.totals())
	json, omitted := m.plan.JSON()
	if omitted > 0 {
		m.note(fault.Noticef("the output refs leaves out %s, since outputs are limited to 1 MiB", mirror.Quantity(omitted)))
		m.showRemarks()
	}
	count := func(action mirror.Action) secret.String { return secret.New(strconv.Itoa(m.plan.Count(action))) }
	outputs, err := inContract(contract.MirrorOutputs, map[string]secret.String{
		"changed":        secret.New(strconv.FormatBool(m.plan.Changed())),
		"created":        count(mirror.Created),
		"updated":        count(mirror.Updated),
		"overwritten":    count(mirror.Overwritten),
		"deleted":        count(mirror.Deleted),
		"refused":        count(mirror.Refused),
		"refs":           secret.New(json),
		"repository-url": secret.New(m.repository.URL),
		"available":      secret.New("true"),
	})
	if err != nil {
		return err
	}
	if err := m.give(ctx, outputs); err != nil {
		return err
	}
	if m.settings.Summary {
		if err := m.host.Summarize(m.summary()); err != nil {
			m.note(fault.Warn(fault.From(err)))
			m.showRemarks()
		}
	}
	return nil
}

// variablePrefix begins the variables that hold the outputs in env-file.
const variablePrefix = "BITBUCKET_MIRROR"

// give hands results to later steps: as outputs, or as variables in env-file. On a
// host with neither, they are in the log only.
func (m *mirroring) give(ctx context.Context, outputs []secret.Value) error {
	switch {
	case m.host.HasOutputs:
		return m.host.HandOver(ctx, host.Results{Outputs: outputs})
	case m.settings.EnvFile != "":
		return m.host.HandOver(ctx, host.Results{Variables: asVariables(variablePrefix, outputs)})
	}
	return nil
}

// totals sums up the run in one line.
func (m *mirroring) totals() string {
	if m.plan.IsEmpty() {
		return "Bitbucket is up to date"
	}
	var counts []string
	for _, action := range []mirror.Action{mirror.Created, mirror.Updated, mirror.Overwritten, mirror.Deleted, mirror.Refused} {
		if n := m.plan.Count(action); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, inWords(action)))
		}
	}
	text := strings.Join(counts, ", ")
	if m.settings.DryRun {
		return "dry run, nothing was changed: " + text
	}
	return text
}

// inWords is an action as people read it.
func inWords(action mirror.Action) string {
	if action == mirror.Refused {
		return "left alone"
	}
	return string(action)
}

// line is a change in words.
func line(c mirror.Change) string {
	text := c.Ref + ": " + inWords(c.Action)
	switch {
	case c.Reason == "":
		return text
	case c.Action == mirror.Refused:
		return text + ", since " + c.Reason
	}
	return text + " (" + c.Reason + ")"
}

// shortID is an object ID as git abbreviates it.
func shortID(id string) string {
	if id == "" {
		return "–"
	}
	return "`" + id[:min(len(id), 9)] + "`"
}

// summary is the page that the run shows beside its log.
func (m *mirroring) summary() string {
	var b strings.Builder
	b.WriteString("### Mirror of " + cell(m.source.text) + "\n\n")
	b.WriteString(cell(m.repository.URL) + ": " + m.totals() + "\n\n")
	if m.plan.Secret() > 0 {
		b.WriteString(cell(m.unnamed()) + "\n\n")
	}
	changes := m.plan.RefusedFirst()
	if len(changes) == 0 {
		return b.String()
	}
	row(&b, "Branch or tag", "Result", "Old", "New", "Reason")
	row(&b, "---", "---", "---", "---", "---")
	for i, c := range changes {
		if i == maxRows {
			fmt.Fprintf(&b, "\nand %d more: see the log and the output `refs`\n", len(changes)-maxRows)
			break
		}
		result := inWords(c.Action)
		if c.Action == mirror.Refused {
			result = "⚠️ " + result
		}
		row(&b, cell(c.Ref), result, shortID(c.Old), shortID(c.New), shown(m.hide(c.Reason), maxWarning))
	}
	return b.String()
}
