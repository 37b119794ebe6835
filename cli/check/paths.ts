/** Paths as other programs want them: relative to the repository, with `/`. */
import { isAbsolute, relative, resolve, sep } from 'node:path'

/** `file` below `root` as a relative path, or null when it lies outside. */
export function pathBelow(root: string, file: string): string | null {
  const path = relative(root, resolve(file))
  return path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)
    ? null
    : path.split(sep).join('/')
}

/** The repository's root where CI says it, else the folder in which the command runs: platforms match files by it. */
export function reportRoot(environment: NodeJS.ProcessEnv): string {
  const workspace = environment.GITHUB_WORKSPACE ?? environment.CI_PROJECT_DIR ?? ''
  const here = process.cwd()
  return workspace !== '' && (here === workspace || pathBelow(workspace, here) !== null) ? workspace : here
}
