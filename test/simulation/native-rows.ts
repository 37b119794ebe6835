/** Rows out of a block in ClickHouse's Native format, as far as `storage/traces/native.ts` writes it. */

export type Cell = string | number | null
export type Row = Readonly<Record<string, Cell>>

export function rowsOfBlock(block: Uint8Array): Row[] {
  const reader = new Reader(block)
  const columnCount = reader.varint()
  const rowCount = reader.varint()
  const rows: Record<string, Cell>[] = Array.from({ length: rowCount }, () => ({}))
  for (let column = 0; column < columnCount; column++) {
    const name = reader.text()
    const cells = cellsOf(reader, reader.text(), rowCount)
    for (let i = 0; i < rowCount; i++) rows[i]![name] = cells[i]!
  }
  if (!reader.isAtEnd) throw new Error('the block is longer than its columns')
  return rows
}

function cellsOf(reader: Reader, type: string, rowCount: number): Cell[] {
  const each = (read: () => Cell) => Array.from({ length: rowCount }, read)
  const fixed = /^FixedString\((\d+)\)$/.exec(type)
  if (fixed !== null) return each(() => reader.hex(Number(fixed[1])))
  if (type.startsWith('DateTime64(')) return each(() => reader.uint64())
  const nullable = /^Nullable\((.*)\)$/.exec(type)
  if (nullable !== null) {
    const isNull = each(() => reader.uint(1))
    return cellsOf(reader, nullable[1]!, rowCount).map((cell, i) => (isNull[i] === 1 ? null : cell))
  }
  switch (type) {
    case 'String':
      return each(() => reader.text())
    case 'UInt16':
      return each(() => reader.uint(2))
    case 'UInt32':
      return each(() => reader.uint(4))
    case 'UInt64':
      return each(() => reader.uint64())
    case 'Float64':
      return each(() => reader.float64())
    case 'LowCardinality(String)':
      return dictionaryCells(reader, false)
    case 'LowCardinality(Nullable(String))':
      return dictionaryCells(reader, true)
    default:
      throw new Error(`a column of type ${type}`)
  }
}

/** The keys, then an index for each row; of nullable ones the first key is NULL. */
function dictionaryCells(reader: Reader, isNullable: boolean): Cell[] {
  reader.uint64()
  const width = 1 << (reader.uint64() & 0xff)
  const keys = Array.from({ length: reader.uint64() }, () => reader.text())
  return Array.from({ length: reader.uint64() }, () => {
    const index = reader.uint(width)
    return isNullable && index === 0 ? null : keys[index]!
  })
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  text(): string {
    const length = this.varint()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  hex(size: number): string {
    this.#at += size
    return this.#bytes.toString('hex', this.#at - size, this.#at)
  }

  uint(size: number): number {
    this.#at += size
    return this.#bytes.readUIntLE(this.#at - size, size)
  }

  uint64(): number {
    this.#at += 8
    return Number(this.#bytes.readBigUInt64LE(this.#at - 8))
  }

  float64(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }
}
