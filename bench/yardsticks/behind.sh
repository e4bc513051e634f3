#!/usr/bin/env bash
# Sets branches of a repository to the commit before the one at which the source has them.
# The first branches aren't among them, since one is at the first commit.
git -C "${1/copy.git/source.git}" for-each-ref --sort=-refname --count="$2" --format='update %(refname) %(parent)' refs/heads/topic |
	git -C "$1" update-ref --stdin
