type Hash = typeof import('node:crypto').hash
let hash: Hash | null = null

/**
 * Lower-case hex. The one place of this folder that asks something of Node: a browser build brings its own. Asked for when it is
 * first needed, since a check needs none, and loading it takes as long as checking a file.
 */
export function sha256Hex(text: string): string {
  hash ??= process.getBuiltinModule('node:crypto').hash
  return hash('sha256', text, 'hex')
}
