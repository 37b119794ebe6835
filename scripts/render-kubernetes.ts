/**
 * What the overlays of `deploy/kubernetes` come to, kept in `test/fixtures/kubernetes` so that the tests can look at whole objects on a
 * machine without kustomize: `node scripts/render-kubernetes.ts` writes them anew. Each begins with a digest of the tree that it was
 * made from, by which a test knows that it is not of an older one.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
export const kubernetesFolder = join(root, 'deploy', 'kubernetes')
export const OVERLAYS = ['small', 'large'] as const
export type Overlay = (typeof OVERLAYS)[number]

export const renderedFile = (overlay: Overlay): string =>
  join(root, 'test', 'fixtures', 'kubernetes', `${overlay}.yaml`)

/** Of the names and contents of all files of the tree. */
export function digestOfTree(): string {
  const digest = createHash('sha256')
  for (const file of readdirSync(kubernetesFolder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.yaml')) continue
    digest.update(`${file}\0${readFileSync(join(kubernetesFolder, file), 'utf8')}\0`)
  }
  return digest.digest('hex')
}

/** The first line of a rendered file. */
export const headerOf = (digest: string): string => `# Made by scripts/render-kubernetes.ts from a tree of ${digest}`

/** Builds an overlay by kustomize, its own or kubectl's; null where neither is installed. Throws with what it said when it refuses. */
export function build(overlay: Overlay): string | null {
  const folder = join(kubernetesFolder, 'overlays', overlay)
  for (const [command, ...args] of [
    ['kustomize', 'build', folder],
    ['kubectl', 'kustomize', folder],
  ] as const) {
    const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 })
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') continue
    if (error !== undefined || status !== 0)
      throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
    return stdout
  }
  return null
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const overlay of OVERLAYS) {
    const built = build(overlay)
    if (built === null) throw new Error('neither kustomize nor kubectl is installed')
    writeFileSync(renderedFile(overlay), `${headerOf(digestOfTree())}\n${built}`)
  }
}
