#!/usr/bin/env bash
# A mirror, run from a shell.
BITBUCKET_AUTH_HOST=shell exec .bin/bitbucket-auth mirror
