/**
 * Keeps one comment in a pull request: makes it the first time, and rewrites it from then on. A comment that says that nothing
 * changed is not made, only kept up. Usage: node comment.mjs FILE, with the variables of a GitHub job and GITHUB_TOKEN.
 */
import { readFileSync } from 'node:fs'

/** With which `assay diff --markdown` begins. */
const MARKER = '<!-- assay diff -->'
const NO_CHANGE = 'no change of meaning'
/** GitHub refuses longer ones. */
const MAX_CHARS = 65_536
const PER_PAGE = 100

const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_TOKEN } = process.env
const comments = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues`

async function call(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${GITHUB_TOKEN}`,
      'x-github-api-version': '2022-11-28',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (response.ok) return response.json()
  const { message } = await response.json().catch(() => ({}))
  throw Object.assign(new Error(`${method} ${url}: ${response.status} ${message ?? ''}`.trim()), {
    status: response.status,
  })
}

async function findComment(number) {
  for (let page = 1; ; page++) {
    const found = await call('GET', `${comments}/${number}/comments?per_page=${PER_PAGE}&page=${page}`)
    const ours = found.find(({ body }) => body.startsWith(MARKER))
    if (ours !== undefined || found.length < PER_PAGE) return ours
  }
}

function shortened(text) {
  const note = '\n\n…the rest is in the summary of the job.\n'
  return text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS - note.length)}${note}`
}

const number = JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8')).pull_request.number
const body = shortened(readFileSync(process.argv[2], 'utf8'))
try {
  const ours = await findComment(number)
  if (ours !== undefined) await call('PATCH', `${comments}/comments/${ours.id}`, { body })
  else if (!body.includes(NO_CHANGE)) await call('POST', `${comments}/${number}/comments`, { body })
} catch (error) {
  // Pull requests from forks have a token that only reads: what changed is in the job's summary all the same.
  if (error.status !== 403) throw error
  console.log('::warning::the comment could not be written: the job needs the permission `pull-requests: write`')
}
