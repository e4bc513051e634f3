package mirror

// Outcome is the result of a push for a ref.
type Outcome int

// The outcomes.
const (
	Pushed   Outcome = iota // it has its new value
	Present                 // it had its new value already
	Raced                   // it may have changed since it was listed
	Declined                // by Bitbucket
	InFlight                // the push ended before Bitbucket reported the result
)

// Result is an outcome, and Bitbucket's reason for it.
type Result struct {
	Outcome Outcome
	Reason  string
}

// Apply records the results of a push. For refs that may have changed since they were
// listed, a later listing decides; without one, they count as changed.
func (p *Plan) Apply(results map[string]Result, later *Listing) {
	p.results = results
	for ref, result := range results {
		c := p.change(ref)
		outcome := result.Outcome
		if outcome == Raced && later != nil {
			switch later.Refs[ref] {
			case c.New:
				outcome = Present
			case c.Old:
				outcome = Declined
			}
		}
		switch outcome {
		case Pushed:
		case Present:
			c.Reason = "another run pushed the same"
		case Raced:
			c.leaveAlone(HasChanged, "it changed in Bitbucket during this run")
		case Declined:
			c.leaveAlone(WasDeclined, "Bitbucket declined it: "+result.Reason)
		case InFlight:
			c.leaveAlone(IsInterrupted, "the run ended while this was being pushed; it may be in Bitbucket")
		}
	}
}

// LeaveRest leaves alone all refs that a run which ends early hasn't pushed. It reports
// whether anything is in Bitbucket, or may be.
func (p *Plan) LeaveRest() bool {
	arrived := p.mainSet
	for i := range p.changes {
		c := &p.changes[i]
		result, tried := p.results[c.Ref]
		if !tried && c.Action != LeftAlone {
			c.leaveAlone(IsInterrupted, "the run ended before it was pushed")
		}
		arrived = arrived || c.Action != LeftAlone || tried && result.Outcome == InFlight
	}
	return arrived
}
