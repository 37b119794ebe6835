/** The plain types of Kafka's protocol, big-endian. https://kafka.apache.org/protocol#protocol_types */

const TWO_POW_32 = 2 ** 32

/** Small fields are written together; bytes that are there already are copied once, at the end. */
export class WireWriter {
  readonly #parts: Buffer[] = []
  #fields = Buffer.allocUnsafe(256)
  #at = 0

  int8(value: number): this {
    this.#reserve(1)
    this.#at = this.#fields.writeInt8(value, this.#at)
    return this
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#at = this.#fields.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#at = this.#fields.writeInt32BE(value, this.#at)
    return this
  }

  int64(value: number): this {
    this.#reserve(8)
    this.#at = this.#fields.writeInt32BE(Math.floor(value / TWO_POW_32), this.#at)
    this.#at = this.#fields.writeUInt32BE(((value % TWO_POW_32) + TWO_POW_32) % TWO_POW_32, this.#at)
    return this
  }

  text(text: string | null): this {
    if (text === null) return this.int16(-1)
    const sizeBytes = Buffer.byteLength(text)
    this.int16(sizeBytes)
    this.#reserve(sizeBytes)
    this.#at += this.#fields.write(text, this.#at)
    return this
  }

  /** As they are, without their length. */
  bytes(bytes: Buffer): this {
    this.#seal()
    this.#parts.push(bytes)
    return this
  }

  toBuffer(): Buffer {
    this.#seal()
    return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
  }

  #reserve(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#fields.length) return
    this.#seal()
    this.#fields = Buffer.allocUnsafe(Math.max(sizeBytes, 1024))
  }

  #seal(): void {
    if (this.#at > 0) this.#parts.push(this.#fields.subarray(0, this.#at))
    this.#fields = this.#fields.subarray(this.#at)
    this.#at = 0
  }
}

/** Throws a `RangeError` when the bytes end too soon. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(count: number): void {
    this.#at += count
  }

  int16(): number {
    const value = this.#bytes.readInt16BE(this.#at)
    this.#at += 2
    return value
  }

  int32(): number {
    const value = this.#bytes.readInt32BE(this.#at)
    this.#at += 4
    return value
  }

  int64(): number {
    const value = this.#bytes.readInt32BE(this.#at) * TWO_POW_32 + this.#bytes.readUInt32BE(this.#at + 4)
    this.#at += 8
    return value
  }

  text(): string {
    return this.#take(this.int16()).toString()
  }

  /** A view of them; none where the protocol says null. */
  bytes(): Buffer {
    return this.#take(this.int32())
  }

  /** Of the protocol's null too, which is an array of nothing here. */
  array<T>(read: () => T): T[] {
    const count = this.int32()
    const values: T[] = []
    for (let index = 0; index < count; index++) values.push(read())
    return values
  }

  #take(sizeBytes: number): Buffer {
    const start = this.#at
    const end = start + Math.max(0, sizeBytes)
    if (end > this.#bytes.length)
      throw new RangeError(`an answer of Kafka ends at ${this.#bytes.length}, not at ${end}`)
    this.#at = end
    return this.#bytes.subarray(start, end)
  }
}
