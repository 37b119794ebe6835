/**
 * Changes to the bytes of a protobuf message, collected from its beginning to its end and written in one go. A message whose contents
 * change in size has its length written anew, and so do those around it.
 */

/** Bytes, a text to be written in UTF-8, or a varint. */
export type Replacement = Uint8Array | string | number

const NOTHING = new Uint8Array(0)

export class Edits {
  private readonly starts: number[] = []
  private readonly ends: number[] = []
  private readonly replacements: Replacement[] = []
  /** By how much the message that is being looked at grows. */
  private growth = 0

  get isEmpty(): boolean {
    return this.starts.length === 0
  }

  replace(start: number, end: number, by: Replacement): void {
    this.starts.push(start)
    this.ends.push(end)
    this.replacements.push(by)
    this.growth += sizeOf(by) - (end - start)
  }

  remove(start: number, end: number): void {
    this.replace(start, end, NOTHING)
  }

  /** A delimited field whose length begins at `lengthAt`. */
  replaceText(lengthAt: number, start: number, end: number, text: string): void {
    this.replace(lengthAt, start, Buffer.byteLength(text))
    this.replace(start, end, text)
  }

  /** `walk` looks into the delimited field whose length begins at `lengthAt` and whose contents go from `start` to `end`. */
  inMessage(lengthAt: number, start: number, end: number, walk: () => void): void {
    const outerGrowth = this.growth
    const own = this.starts.length
    this.growth = 0
    this.starts.push(lengthAt)
    this.ends.push(start)
    // Its place in the order of the edits; what it becomes is known at the end.
    this.replacements.push(NOTHING)
    walk()
    if (this.starts.length === own + 1) {
      this.starts.pop()
      this.ends.pop()
      this.replacements.pop()
      this.growth = outerGrowth
      return
    }
    const size = end - start + this.growth
    this.replacements[own] = size
    this.growth += outerGrowth + varintSize(size) - (start - lengthAt)
  }

  /** The bytes with all edits in them. */
  applyTo(bytes: Buffer): Buffer {
    const out = Buffer.allocUnsafe(bytes.length + this.growth)
    let at = 0
    let copied = 0
    for (let i = 0; i < this.starts.length; i++) {
      at += bytes.copy(out, at, copied, this.starts[i])
      copied = this.ends[i]!
      const by = this.replacements[i]!
      if (typeof by === 'string') at += out.write(by, at, 'utf8')
      else if (typeof by === 'number') at = writeVarint(out, at, by)
      else {
        out.set(by, at)
        at += by.length
      }
    }
    bytes.copy(out, at, copied)
    return out
  }
}

function sizeOf(by: Replacement): number {
  if (typeof by === 'string') return Buffer.byteLength(by)
  return typeof by === 'number' ? varintSize(by) : by.length
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest >>>= 7) size++
  return size
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= 128; rest >>>= 7) out[at++] = (rest & 127) | 128
  out[at++] = rest
  return at
}
