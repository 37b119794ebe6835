/** CI that checks, tests and explains a change of the evals, for the places where people host code. */
import { VERSION } from '../version.ts'

export type CiSystem = 'github' | 'gitlab'

/** `evals` is the folder as seen from the repository's root. */
export function githubWorkflow(evals: string): string {
  return `# Checks and tests the agent's evals, and says in each pull request what a change of them means.
name: evals
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  evals:
    runs-on: ubuntu-latest
    env:
      # A version from your registry, or the address of a package file.
      ASSAY_PACKAGE: assay@${VERSION}
      EVALS: ${evals}
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the diff needs the base branch's history
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm install --global "$ASSAY_PACKAGE"
      - run: assay check "$EVALS" # errors are shown at their lines in the pull request
      - run: assay fmt --check "$EVALS"
      - run: assay test "$EVALS"
      - if: github.event_name == 'pull_request'
        run: assay diff "origin/$GITHUB_BASE_REF" --merge-base --evals "$EVALS" --markdown >> "$GITHUB_STEP_SUMMARY"
`
}

export function gitlabJobs(evals: string): string {
  return `# Checks and tests the agent's evals, and says for each merge request what a change of them means.
evals:
  image: node:24
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  variables:
    # A version from your registry, or the address of a package file.
    ASSAY_PACKAGE: assay@${VERSION}
    EVALS: ${evals}
    GIT_DEPTH: "0" # the diff needs the target branch's history
  script:
    - npm install --global "$ASSAY_PACKAGE"
    - assay check "$EVALS"
    - assay fmt --check "$EVALS"
    - assay test "$EVALS" --junit evals-junit.xml
    - |
      if [ -n "$CI_MERGE_REQUEST_DIFF_BASE_SHA" ]; then
        assay diff "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --evals "$EVALS" --markdown | tee evals-diff.md
      fi
  artifacts:
    when: always
    expose_as: "What the change of the evals means"
    paths: [evals-diff.md]
    reports:
      junit: evals-junit.xml
`
}

/** For a repository that has no pipeline yet. */
export const GITLAB_PIPELINE = `include:
  - local: .gitlab/evals.yml
`
