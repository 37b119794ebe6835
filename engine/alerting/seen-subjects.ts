/**
 * Which subjects a window has counted, and how: bounded, and forgetting the oldest in constant time. It keeps two
 * generations; when the recent one is full it becomes the older one, and the older one is forgotten. (One map that forgets its
 * first key at each addition costs ten times as much: V8 walks over the deleted entries at each look for the first.)
 */
import type { Verdict } from '../model/result.ts'

export interface SeenSubject {
  revision: number
  atMs: number
  verdict: Verdict
  /** Absent where it has none. */
  score?: number
  /** Of the agent, where alerts count by it. */
  version?: string
  /** The part of the traffic under which it was counted, where it was. */
  stratum?: string
}

/** Subjects a generation holds: at least this many of the latest are remembered, at most twice as many. */
export const GENERATION_SIZE = 5_000

export class SeenSubjects {
  #recent: Map<string, SeenSubject>
  #older: Map<string, SeenSubject>
  /** Time of the newest subject in the older generation. */
  #olderUntilMs: number

  constructor(older: Iterable<[string, SeenSubject]> = [], recent: Iterable<[string, SeenSubject]> = []) {
    this.#older = new Map(older)
    this.#recent = new Map(recent)
    this.#olderUntilMs = newestMs(this.#older)
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  get(key: string): SeenSubject | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  set(key: string, subject: SeenSubject): void {
    this.#recent.set(key, subject)
    if (this.#recent.size >= GENERATION_SIZE) this.#rotate()
  }

  delete(key: string): void {
    this.#recent.delete(key)
    this.#older.delete(key)
  }

  /** Lets go of what is from before `timeMs` as far as that is cheap: by whole generations. */
  forgetBefore(timeMs: number): void {
    if (this.#older.size > 0 && this.#olderUntilMs <= timeMs) this.#older = new Map()
  }

  /** For a checkpoint: the arguments of the constructor. */
  generations(): { older: [string, SeenSubject][]; recent: [string, SeenSubject][] } {
    return { older: [...this.#older], recent: [...this.#recent] }
  }

  #rotate(): void {
    this.#older = this.#recent
    this.#recent = new Map()
    this.#olderUntilMs = newestMs(this.#older)
  }
}

function newestMs(subjects: ReadonlyMap<string, SeenSubject>): number {
  let newest = Number.NEGATIVE_INFINITY
  for (const { atMs } of subjects.values()) if (atMs > newest) newest = atMs
  return newest
}
