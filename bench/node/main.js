// The work of an offline run with GitHub's own toolkit: outputs, variables and most
// of the masks, without checks and a summary.
import * as core from '@actions/core'

const token = core.getInput('token')
const identity = core.getInput('identity')
const gitUser = 'x-bitbucket-api-token-auth'

function urlForms(text) {
  return [text, encodeURIComponent(text), new URLSearchParams({ '': text }).toString().slice(1)]
}

function pairForms(user) {
  const pair = Buffer.from(`${user}:${token}`)
  return ['base64', 'base64url'].flatMap((encoding) => {
    const text = pair.toString(encoding).replace(/=+$/, '')
    const wrapped = [76, 64].flatMap((width) => text.match(new RegExp(`.{1,${width}}`, 'g')))
    return [...urlForms(text), ...wrapped]
  })
}

const inJSON = JSON.stringify(token).slice(1, -1)
const forms = new Set([...urlForms(token), inJSON, ...pairForms(identity), ...pairForms(gitUser)])
for (const form of [...forms].sort((a, b) => b.length - a.length)) {
  if (form.length >= 8) core.setSecret(form)
}

const credential = Buffer.from(`${identity}:${token}`).toString('base64')
const authorization = `Basic ${credential}`
core.setOutput('credential', credential)
core.setOutput('authorization', authorization)
core.setOutput('token', token)
core.setOutput('git-authorization', `Basic ${Buffer.from(`${gitUser}:${token}`).toString('base64')}`)
core.setOutput('kind', 'api-token')
core.setOutput('identity', identity)
core.setOutput('git-username', gitUser)
core.setOutput('available', 'true')
core.exportVariable('BITBUCKET_CREDENTIAL', credential)
core.exportVariable('BITBUCKET_AUTHORIZATION', authorization)
