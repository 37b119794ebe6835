/** The worker, asked as a function is. */
import type { Asked, Envelope, Told } from './protocol.ts'

type Answer<Kind extends Asked['kind']> = Extract<Told, { kind: Kind }>

export class Language {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  readonly #waiting = new Map<number, (told: Told) => void>()
  #nextId = 0

  constructor() {
    this.#worker.addEventListener('message', ({ data: { id, body } }: MessageEvent<Envelope<Told>>) => {
      this.#waiting.get(id)?.(body)
      this.#waiting.delete(id)
    })
  }

  async ask<Kind extends Asked['kind']>(asked: Extract<Asked, { kind: Kind }>): Promise<Answer<Kind>> {
    const id = this.#nextId++
    const told = await new Promise<Told>((resolve) => {
      this.#waiting.set(id, resolve)
      this.#worker.postMessage({ id, body: asked } satisfies Envelope<Asked>)
    })
    if (told.kind === 'failed') throw new Error(told.message)
    return told as Answer<Kind>
  }

  close(): void {
    this.#worker.terminate()
  }
}
