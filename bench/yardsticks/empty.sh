#!/usr/bin/env bash
# Deletes all refs of a repository.
git -C "$1" for-each-ref --format='delete %(refname)' | git -C "$1" update-ref --stdin
