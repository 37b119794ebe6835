/**
 * Writes one block of ClickHouse's Native format: column by column, little-endian. The format is that of a file or an HTTP body
 * (no protocol revision): column and row counts as varints, then for each column its name, its type and its values.
 * https://clickhouse.com/docs/interfaces/formats/Native, and `src/DataTypes/Serializations/` of ClickHouse for the layouts.
 */

/** So many bytes, with anything in them. */
export type Allocate = (sizeBytes: number) => Buffer

/** Where a column's cell comes from. */
type Get<Row, Value> = (row: Row) => Value

/** Keys of a dictionary in the block itself, at the width that the flags' low byte gives. */
const LOW_CARDINALITY_VERSION = 1
const HAS_ADDITIONAL_KEYS = 0x200
const NEED_UPDATE_DICTIONARY = 0x400
const TWO_POW_32 = 2 ** 32
/** Characters; also what a varint of one byte can tell. */
const SHORT_TEXT = 24

/**
 * Where blocks are built, one after the other. Each in memory of its own, which grows by doubling, made V8 collect everything once in
 * 5,000 spans: it counts what buffers took, whether or not they are still there.
 */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 << 10)
/** A larger one is let go: a batch of giants must not be remembered for ever. */
const KEPT_BYTES = 4 << 20

/** A block under construction, and the only one: the next may begin when its bytes were taken. Columns have to be written in the order of the table function's or INSERT's column list. */
export class NativeBlock<Row> {
  readonly #rows: readonly Row[]
  #buffer: Buffer
  #view: DataView
  #length = 0

  constructor(rows: readonly Row[], columnCount: number) {
    this.#rows = rows
    this.#buffer = scratch
    this.#view = viewOf(this.#buffer)
    this.#varint(columnCount)
    this.#varint(rows.length)
  }

  /** The block, in memory of its own. */
  bytes(allocate: Allocate = Buffer.allocUnsafeSlow): Buffer {
    if (this.#buffer.length > scratch.length && this.#buffer.length <= KEPT_BYTES) scratch = this.#buffer
    const block = allocate(this.#length)
    this.#buffer.copy(block, 0, 0, this.#length)
    return block
  }

  string(name: string, get: Get<Row, string>): void {
    this.#header(name, 'String')
    for (const row of this.#rows) this.#text(get(row))
  }

  nullableString(name: string, get: Get<Row, string | undefined>): void {
    this.#header(name, 'Nullable(String)')
    // Empty texts are a length each, and that is zero.
    if (this.#wroteAbsent(get, 1)) return
    const rows = this.#rows
    this.#reserve(rows.length)
    // A byte a row that says whether it is NULL, then the texts; filled in one pass.
    const nullMap = this.#length
    this.#length += rows.length
    for (let i = 0; i < rows.length; i++) {
      const text = get(rows[i]!)
      this.#text(text ?? '')
      this.#buffer[nullMap + i] = text === undefined ? 1 : 0
    }
  }

  /** For columns of few distinct values: each is written once, rows hold its index. */
  lowCardinality(name: string, get: Get<Row, string>): void {
    this.#header(name, 'LowCardinality(String)')
    this.#dictionary(get, [])
  }

  lowCardinalityNullable(name: string, get: Get<Row, string | undefined>): void {
    this.#header(name, 'LowCardinality(Nullable(String))')
    // The first key stands for NULL, whatever its text.
    this.#dictionary(get, [''])
  }

  /** Hex digits as bytes, `size` of them; an empty text is all zeros. Throws `RangeError` on anything else. */
  hex(name: string, size: number, get: Get<Row, string>): void {
    this.#header(name, `FixedString(${size})`)
    this.#reserve(this.#rows.length * size)
    let before = ''
    for (const row of this.#rows) {
      const text = get(row)
      // Of a trace that came as a whole, and of siblings, every row has the same.
      if (text === before && before !== '') this.#buffer.copyWithin(this.#length, this.#length - size, this.#length)
      else if (text === '') this.#buffer.fill(0, this.#length, this.#length + size)
      else if (text.length !== size * 2 || !writeHex(text, this.#buffer, this.#length)) {
        throw new RangeError(`${name} is ${JSON.stringify(text)}, not ${size * 2} hex digits`)
      }
      before = text
      this.#length += size
    }
  }

  uint16(name: string, get: Get<Row, number>): void {
    this.#header(name, 'UInt16')
    this.#reserve(this.#rows.length * 2)
    for (const row of this.#rows) {
      this.#view.setUint16(this.#length, unsigned(get(row)), true)
      this.#length += 2
    }
  }

  uint32(name: string, get: Get<Row, number>): void {
    this.#header(name, 'UInt32')
    this.#reserve(this.#rows.length * 4)
    for (const row of this.#rows) {
      this.#view.setUint32(this.#length, unsigned(get(row)), true)
      this.#length += 4
    }
  }

  /** Non-negative integers; beyond 2^53 as exact as the number is. */
  uint64(name: string, get: Get<Row, number>): void {
    this.#header(name, 'UInt64')
    this.#uint64s(get)
  }

  nullableUint64(name: string, get: Get<Row, number | undefined>): void {
    this.#header(name, 'Nullable(UInt64)')
    if (this.#wroteAbsent(get, 8)) return
    this.#nullMap(get)
    this.#uint64s((row) => get(row) ?? 0)
  }

  float64(name: string, get: Get<Row, number>): void {
    this.#header(name, 'Float64')
    this.#float64s(get)
  }

  nullableFloat64(name: string, get: Get<Row, number | undefined>): void {
    this.#header(name, 'Nullable(Float64)')
    if (this.#wroteAbsent(get, 8)) return
    this.#nullMap(get)
    this.#float64s((row) => get(row) ?? 0)
  }

  /** Ticks of 10^-scale seconds since the epoch, not negative. */
  dateTime64(name: string, scale: 3 | 6, get: Get<Row, number>): void {
    this.#header(name, `DateTime64(${scale}, 'UTC')`)
    this.#uint64s(get)
  }

  #header(name: string, type: string): void {
    this.#text(name)
    this.#text(type)
  }

  /** Most columns of most blocks: NULL on every row, with values of so many zeros each. Nothing is written where a row has one. */
  #wroteAbsent(get: Get<Row, unknown>, valueBytes: number): boolean {
    for (const row of this.#rows) if (get(row) !== undefined) return false
    const rowCount = this.#rows.length
    this.#reserve(rowCount * (1 + valueBytes))
    this.#buffer.fill(1, this.#length, this.#length + rowCount)
    this.#length += rowCount
    this.#buffer.fill(0, this.#length, this.#length + rowCount * valueBytes)
    this.#length += rowCount * valueBytes
    return true
  }

  #nullMap(get: Get<Row, unknown>): void {
    this.#reserve(this.#rows.length)
    for (const row of this.#rows) this.#buffer[this.#length++] = get(row) === undefined ? 1 : 0
  }

  #dictionary(get: Get<Row, string | undefined>, keys: string[]): void {
    const rowCount = this.#rows.length
    const nullIndex = keys.length - 1
    const indexOf = new Map<string, number>()
    const indexes = new Uint32Array(rowCount)
    let before: string | undefined
    let index = nullIndex
    for (let i = 0; i < rowCount; i++) {
      const text = get(this.#rows[i]!)
      if (text !== before || i === 0) {
        index = text === undefined ? nullIndex : keyIndex(text, indexOf, keys)
        before = text
      }
      indexes[i] = index
    }
    const widthCode = keys.length <= 0x100 ? 0 : keys.length <= 0x10000 ? 1 : 2
    this.#reserve(24)
    this.#uint64(LOW_CARDINALITY_VERSION)
    this.#uint64(widthCode | HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY)
    this.#uint64(keys.length)
    for (const key of keys) this.#text(key)
    this.#reserve(8 + rowCount * 4)
    this.#uint64(rowCount)
    const view = this.#view
    const width = 1 << widthCode
    for (let i = 0; i < rowCount; i++) {
      const at = this.#length + i * width
      if (width === 1) view.setUint8(at, indexes[i]!)
      else if (width === 2) view.setUint16(at, indexes[i]!, true)
      else view.setUint32(at, indexes[i]!, true)
    }
    this.#length += rowCount * width
  }

  #uint64s(get: Get<Row, number>): void {
    this.#reserve(this.#rows.length * 8)
    for (const row of this.#rows) this.#uint64(get(row))
  }

  /** Room has to be reserved. */
  #uint64(value: number): void {
    // Not by the remainder, which takes several times as long.
    const high = Math.floor(unsigned(value) / TWO_POW_32)
    this.#view.setUint32(this.#length, value - high * TWO_POW_32, true)
    this.#view.setUint32(this.#length + 4, high, true)
    this.#length += 8
  }

  #float64s(get: Get<Row, number>): void {
    this.#reserve(this.#rows.length * 8)
    for (const row of this.#rows) {
      this.#view.setFloat64(this.#length, get(row), true)
      this.#length += 8
    }
  }

  /** Length in bytes as a varint, then UTF-8; half of a surrogate pair becomes U+FFFD. */
  #text(text: string): void {
    const { length } = text
    if (length === 0) {
      this.#reserve(1)
      this.#buffer[this.#length++] = 0
      return
    }
    if (length <= SHORT_TEXT && this.#shortAscii(text)) return
    // UTF-8 takes at most three bytes a UTF-16 unit; the varint at most nine.
    this.#reserve(length * 3 + 9)
    // Written where it belongs if it is all ASCII; otherwise the length may need a longer varint, and the text moves.
    const prefix = varintSize(length)
    const start = this.#length + prefix
    const written = this.#buffer.write(text, start, 'utf8')
    const actualPrefix = varintSize(written)
    if (actualPrefix !== prefix) this.#buffer.copyWithin(this.#length + actualPrefix, start, start + written)
    this.#varint(written)
    this.#length += written
  }

  /** False, with nothing written, when the text is not ASCII. A loop beats the call into native code for the many short texts. */
  #shortAscii(text: string): boolean {
    const { length } = text
    this.#reserve(length + 1)
    const buffer = this.#buffer
    let at = this.#length
    buffer[at++] = length
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) return false
      buffer[at++] = unit
    }
    this.#length = at
    return true
  }

  #varint(value: number): void {
    this.#reserve(9)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}

function unsigned(value: number): number {
  if (!(value >= 0) || !Number.isInteger(value)) throw new RangeError(`${value} is not an unsigned integer`)
  return value
}

/** The value of each hex digit by its character code; 0xff for what is none. */
const HEX_DIGITS = new Uint8Array(0x80).fill(0xff)
for (let digit = 0; digit < 16; digit++) {
  const lower = digit.toString(16)
  HEX_DIGITS[lower.charCodeAt(0)] = digit
  HEX_DIGITS[lower.toUpperCase().charCodeAt(0)] = digit
}

/** False if there is anything but hex digits in an even number. */
function writeHex(text: string, buffer: Buffer, at: number): boolean {
  const { length } = text
  for (let i = 0; i < length; i += 2) {
    const high = HEX_DIGITS[text.charCodeAt(i)] ?? 0xff
    const low = HEX_DIGITS[text.charCodeAt(i + 1)] ?? 0xff
    if ((high | low) > 15) return false
    buffer[at + (i >> 1)] = (high << 4) | low
  }
  return true
}

function keyIndex(text: string, indexOf: Map<string, number>, keys: string[]): number {
  const known = indexOf.get(text)
  if (known !== undefined) return known
  indexOf.set(text, keys.length)
  return keys.push(text) - 1
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
