import { hash } from 'node:crypto'

/** Lower-case hex. The one place of this folder that asks something of Node: a browser build brings its own. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}
