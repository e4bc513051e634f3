#!/usr/bin/env bash
# A first mirror with git alone: fetch everything, and push it.
auth=$(printf %s "$BITBUCKET_AUTH_SOURCE_USERNAME:$BITBUCKET_AUTH_TOKEN" | base64 -w0)
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Basic $auth"
dir=$(mktemp -d)
git init --quiet --bare "$dir"
git -C "$dir" fetch --quiet "$BITBUCKET_AUTH_SOURCE" '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*'
git -C "$dir" push --quiet "${url:?}/$BITBUCKET_AUTH_REPOSITORY.git" '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*'
rm -rf "$dir"
