/** One line that says how far it is; on a terminal only. */
export interface Progress {
  /** `done` from 0 to 1. */
  show(done: number, text: string): void
  clear(): void
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} }
  return {
    show: (done, text) => stream.write(`\r\u001b[K${String(Math.round(done * 100)).padStart(3)}%  ${text}`),
    clear: () => stream.write('\r\u001b[K'),
  }
}
