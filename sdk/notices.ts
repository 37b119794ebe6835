import type { Runtime } from './runtime.ts'

const INTERVAL_MS = 60_000

export type NoticeKind = 'unreachable' | 'back' | 'refused' | 'full' | 'partial' | 'answer' | 'internal' | 'shutdown'

/** Says a thing of each kind at most once a minute, and then how many were kept back since: a broken collector must not flood the agent's log. */
export class Notices {
  readonly #say: (line: string) => void
  readonly #runtime: Pick<Runtime, 'nowMs'>
  readonly #said = new Map<NoticeKind, { atMs: number; heldBack: number }>()

  constructor(say: (line: string) => void, runtime: Pick<Runtime, 'nowMs'>) {
    this.#say = say
    this.#runtime = runtime
  }

  say(kind: NoticeKind, text: string): void {
    const nowMs = this.#runtime.nowMs()
    const last = this.#said.get(kind)
    if (last !== undefined && nowMs - last.atMs < INTERVAL_MS) {
      last.heldBack++
      return
    }
    this.#said.set(kind, { atMs: nowMs, heldBack: 0 })
    const more = last !== undefined && last.heldBack > 0 ? ` (and ${last.heldBack} more like it before)` : ''
    try {
      this.#say(`assay: ${text}${more}`)
    } catch {
      // A logger that throws must not take the agent down; there is nobody left to tell.
    }
  }
}
