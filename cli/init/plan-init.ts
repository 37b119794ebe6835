/** Which files a new project gets. Pure: what is there already is told, and nothing is written. */
import { posix } from 'node:path'
import { STARTER_EVALS, STARTER_README } from './starter.ts'
import { type CiSystem, GITLAB_PIPELINE, githubWorkflow, gitlabJobs } from './workflows.ts'

export interface StarterFile {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly text: string
}

/** What tells where a repository's CI runs. */
export interface CiSigns {
  readonly hasGithubFolder: boolean
  readonly hasGitlabPipeline: boolean
  /** Addresses of its remotes. */
  readonly remotes: readonly string[]
}

/** Null: nothing tells, or both do. */
export function detectCi({ hasGithubFolder, hasGitlabPipeline, remotes }: CiSigns): CiSystem | null {
  const on = (host: RegExp): boolean => remotes.some((remote) => host.test(hostOf(remote)))
  const isGithub = hasGithubFolder || on(/(^|\.)github\./)
  const isGitlab = hasGitlabPipeline || on(/(^|\.)gitlab\./)
  if (isGithub === isGitlab) return null
  return isGithub ? 'github' : 'gitlab'
}

/** A repository that is on no host yet: most of these go to GitHub, and a workflow that nothing runs does no harm. */
export function isNew({ hasGithubFolder, hasGitlabPipeline, remotes }: CiSigns): boolean {
  return !hasGithubFolder && !hasGitlabPipeline && remotes.length === 0
}

/** Of `https://host/…`, `ssh://git@host/…` and `git@host:…`. */
function hostOf(remote: string): string {
  return /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^:/]+)/i.exec(remote)?.[1]?.toLowerCase() ?? ''
}

/** `folder` is the project's, as seen from the repository's root; empty when it is the root. */
export function filesOf(folder: string, ci: CiSystem | null, hasGitlabPipeline: boolean): StarterFile[] {
  const evals = posix.join(folder, 'evals')
  const files = [
    { path: `${evals}/agent.eval`, text: STARTER_EVALS },
    { path: `${evals}/README.md`, text: STARTER_README },
  ]
  if (ci === 'github') files.push({ path: '.github/workflows/evals.yml', text: githubWorkflow(evals) })
  if (ci === 'gitlab') {
    files.push({ path: '.gitlab/evals.yml', text: gitlabJobs(evals) })
    if (!hasGitlabPipeline) files.push({ path: '.gitlab-ci.yml', text: GITLAB_PIPELINE })
  }
  return files
}
