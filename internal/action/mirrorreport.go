package action

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
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

// logAlways shows a line even if nothing but warnings and faults is to be shown. It
// contains no masked form.
func (m *mirroring) logAlways(format string, args ...any) {
	m.host.Say(fault.Infof(format, args...))
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
	incomplete := m.incomplete()
	if err := m.handOver(ctx, incomplete); err != nil || incomplete == nil {
		return err
	}
	return incomplete
}

// incomplete returns a fault if the run leaves refs alone, with a hint for each cause.
func (m *mirroring) incomplete() *fault.Fault {
	if m.plan.Count(mirror.LeftAlone) == 0 {
		return nil
	}
	first := "read the reason for each of them in the log; all others are up to date"
	if m.settings.DryRun {
		first = "read the reason for each of them in the log; a run without dry-run would bring all others up to date"
	}
	return fault.New(fault.Incomplete, m.hide(m.leftAlone()), first).Hint(m.causeHints()...)
}

// causeHints returns hints about refs that were left alone, one for each cause.
func (m *mirroring) causeHints() []string {
	overwrite := "to replace diverged branches and moved tags with what the source has, set " + m.set("overwrite", "true")
	var hints []string
	for _, cause := range m.plan.Causes() {
		hint := ""
		switch cause {
		case mirror.HasDiverged, mirror.HasMoved:
			hint = overwrite
		case mirror.IsInTheWay:
			hint = "delete or rename the branch or tag that is in the way in Bitbucket"
			if !m.settings.Prune {
				hint += "; to delete whatever the source doesn't have, set " + m.set("prune", "true")
			}
		case mirror.IsAmbiguous:
			hint = "delete the branch or tag with the longer name in Bitbucket, and run the step again"
		case mirror.IsNotShown:
			hint = "replace the token: somebody knows a part of it; then rename the branches and tags whose names contain a piece of it"
		case mirror.IsTooLong:
			hint = "rename branches and tags with too long a name"
		case mirror.WasDeclined:
			hint = declinedHint(m.credential.Kind)
		case mirror.HasChanged:
			hint = "run the step again: it compares both sides anew"
		}
		if !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return hints
}

// declinedHint returns the hint about refs that Bitbucket declined. Its branch
// restrictions list users and groups, so none can let these tokens through.
func declinedHint(kind credential.Kind) string {
	if kind == credential.AccessToken || kind == credential.OAuthConsumer {
		return "if a branch restriction declined it, use an API token of a user who may push, or remove the restriction: it can't list " + kind.Title()
	}
	return "if a branch restriction or a hook declined it, let the token's account through: Repository settings → Branch restrictions"
}

// set returns a setting with a value, as people write it on this host.
func (m *mirroring) set(id, value string) string {
	called := m.host.Settings.Called(id)
	if called == id {
		return id + ": " + value
	}
	return called + "=" + value
}

func (m *mirroring) leftAlone() string {
	named := m.plan.LeftAlone()
	if len(named) == 0 {
		return m.unnamed()
	}
	count, such := m.plan.Count(mirror.LeftAlone), ", such as"
	if count == 1 {
		such = ":"
	}
	return fmt.Sprintf("%s %s left alone%s %s, since %s", m.plan.Quantity(mirror.LeftAlone), m.were(count), such, named[0].Ref, named[0].Reason)
}

// were returns the verb for a number of refs to which something happened, or would
// happen.
func (m *mirroring) were(count int) string {
	switch {
	case m.settings.DryRun:
		return "would be"
	case count == 1:
		return "was"
	}
	return "were"
}

// unnamed says how many refs with names that aren't shown were left alone.
func (m *mirroring) unnamed() string {
	count, quantity := m.plan.Unnamed()
	if count == 1 {
		return fmt.Sprintf("%s %s left alone and isn't named, since its name or object ID contains a piece of a token", quantity, m.were(1))
	}
	return fmt.Sprintf("%s %s left alone and aren't named, since their names or object IDs contain a piece of a token", quantity, m.were(count))
}

// handOver logs each change, and gives the results to later steps. The fault that
// ends the run, if there is one, is part of the summary.
func (m *mirroring) handOver(ctx context.Context, ending *fault.Fault) error {
	m.handsOver = true
	changes := m.plan.LeftAloneFirst()
	for i, c := range changes {
		log := m.log
		if c.Action == mirror.LeftAlone {
			log = m.logAlways // the fault refers to them
		}
		if i == maxLogged && !m.settings.DryRun { // the purpose of a dry run is the list
			log("and %d more", len(changes)-maxLogged)
			break
		}
		log("%s", m.hide(m.line(c)))
	}
	if count, _ := m.plan.Unnamed(); count > 0 {
		m.logAlways("%s", m.unnamed())
	}
	m.log("%s", m.hide(m.totals()))
	for _, notice := range m.mainNotices() {
		m.note(fault.Noticef("%s", m.hide(notice)))
	}
	json, omitted := m.plan.JSON()
	if omitted > 0 {
		m.note(fault.Noticef("the output refs leaves out %d of the %s, since outputs are limited to 1 MiB", omitted, mirror.Names()))
	}
	m.showRemarks()
	kept, _ := m.plan.Kept()
	count := func(action mirror.Action) secret.String { return secret.New(strconv.Itoa(m.plan.Count(action))) }
	outputs, err := inContract(contract.MirrorOutputs, map[string]secret.String{
		"changed":        secret.New(strconv.FormatBool(m.plan.Changed())),
		"created":        count(mirror.Created),
		"updated":        count(mirror.Updated),
		"overwritten":    count(mirror.Overwritten),
		"deleted":        count(mirror.Deleted),
		"refused":        count(mirror.LeftAlone),
		"kept":           secret.New(strconv.Itoa(kept)),
		"refs":           secret.New(json),
		"repository-url": secret.New(m.repository.URL),
		"available":      secret.New("true"),
	})
	if err != nil {
		return err
	}
	if err := m.handOutputs(ctx, outputs); err != nil {
		return err
	}
	m.summarize(m.summary(ending))
	return nil
}

// variablePrefix begins the variables that hold the outputs in env-file.
const variablePrefix = "BITBUCKET_MIRROR"

// handOutputs hands outputs to later steps: as outputs, or as variables in env-file. On a
// host with neither, they are in the log only.
func (m *mirroring) handOutputs(ctx context.Context, outputs []secret.Value) error {
	switch {
	case m.host.HasOutputs:
		return m.host.HandOver(ctx, host.Results{Outputs: outputs})
	case m.settings.EnvFile != "":
		return m.host.HandOver(ctx, host.Results{Variables: asVariables(variablePrefix, outputs)})
	}
	return nil
}

// inWords contains the words for an action: in a report, and before and after a number
// of refs that a dry run would change.
var inWords = map[mirror.Action]struct{ done, verb, after string }{
	mirror.Created:     {"created", "create", ""},
	mirror.Updated:     {"updated", "update", ""},
	mirror.Overwritten: {"overwritten", "overwrite", ""},
	mirror.Deleted:     {"deleted", "delete", ""},
	mirror.LeftAlone:   {"left alone", "leave", " alone"},
}

// totals sums up the run in one line.
func (m *mirroring) totals() string {
	var counts []string
	for _, action := range []mirror.Action{mirror.Created, mirror.Updated, mirror.Overwritten, mirror.Deleted, mirror.LeftAlone} {
		n, words := m.plan.Count(action), inWords[action]
		switch {
		case n == 0:
		case m.settings.DryRun:
			counts = append(counts, fmt.Sprintf("would %s %d%s", words.verb, n, words.after))
		default:
			counts = append(counts, fmt.Sprintf("%d %s", n, words.done))
		}
	}
	text, kept := strings.Join(counts, ", "), m.kept()
	switch {
	case text == "" && kept == "":
		text = "Bitbucket is up to date"
	case text == "":
		text = "everything in the source is in Bitbucket"
	}
	if m.settings.DryRun {
		text = "dry run, nothing was changed: " + text
	}
	if kept != "" {
		text += "; " + kept
	}
	return text
}

const maxKept = 5

// kept names the refs that only Bitbucket has, and that the run keeps.
func (m *mirroring) kept() string {
	count, names := m.plan.Kept()
	if count == 0 {
		return ""
	}
	text := fmt.Sprintf("%d more are kept", count)
	if count == 1 {
		text = "1 more is kept"
	}
	if len(names) == 0 {
		return text
	}
	named := names[:min(len(names), maxKept)]
	text += ": " + strings.Join(named, ", ")
	switch others := count - len(named); others {
	case 0:
	case 1:
		text += " and 1 other"
	default:
		text += fmt.Sprintf(" and %d others", others)
	}
	return text
}

func (m *mirroring) result(action mirror.Action) string {
	if m.settings.DryRun {
		return "would be " + inWords[action].done
	}
	return inWords[action].done
}

// line returns a line about a change, with object IDs as git abbreviates them.
func (m *mirroring) line(c mirror.Change) string {
	var ids []string
	for _, id := range []string{c.Old, c.New} {
		if id != "" {
			ids = append(ids, shortID(id))
		}
	}
	text := c.Ref + ": " + m.result(c.Action) + " (" + strings.Join(ids, "..") + ")"
	if reason := m.reason(c); reason != "" {
		text += ", " + map[bool]string{true: "since "}[c.Action == mirror.LeftAlone] + reason
	}
	return text
}

// reason returns the reason for a change, or the number of commits that it loses.
func (m *mirroring) reason(c mirror.Change) string {
	if c.Reason != "" || c.Lost == 0 {
		return c.Reason
	}
	commits, are := "commits", "are"
	if c.Lost == 1 {
		commits, are = "commit", "is"
	}
	if m.settings.DryRun {
		return fmt.Sprintf("%d %s would no longer be reachable from it", c.Lost, commits)
	}
	return fmt.Sprintf("%d %s %s no longer reachable from it", c.Lost, commits, are)
}

// shortID returns an object ID as git abbreviates it.
func shortID(id string) string {
	return id[:min(len(id), 9)]
}

func idCell(id string) string {
	if id == "" {
		return "–"
	}
	return "`" + shortID(id) + "`"
}

// summary returns the page that the host shows next to the log. It contains the fault
// that ends the run, if there is one.
func (m *mirroring) summary(ending *fault.Fault) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix("### Mirror of "+cell(m.source.text), " of ") + "\n\n")
	if ending != nil {
		m.writeFault(&b, ending)
	}
	if !m.handsOver {
		return b.String()
	}
	b.WriteString(cell(m.repository.URL) + ": " + literal(m.hide(m.totals()), maxFault) + "\n\n")
	for _, notice := range m.mainNotices() {
		b.WriteString(literal(m.hide(notice), maxFault) + "\n\n")
	}
	if count, _ := m.plan.Unnamed(); count > 0 {
		b.WriteString(cell(m.unnamed()) + "\n\n")
	}
	changes := m.plan.LeftAloneFirst()
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
		result := m.result(c.Action)
		if c.Action == mirror.LeftAlone {
			result = "⚠️ " + result
		}
		row(&b, cell(c.Ref), result, idCell(c.Old), idCell(c.New), literal(m.hide(m.reason(c)), maxWarning))
	}
	return b.String()
}
