#!/usr/bin/env bash
# The minimum that a workflow's `run:` line does instead of this program.
credential=$(printf %s "$INPUT_IDENTITY:$INPUT_TOKEN" | base64 -w0)
echo "::add-mask::$credential"
echo "credential=$credential" >>"$GITHUB_OUTPUT"
echo "BITBUCKET_CREDENTIAL=$credential" >>"$GITHUB_ENV"
