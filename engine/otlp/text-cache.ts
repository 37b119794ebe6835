/**
 * Attribute keys and short values come from a small vocabulary, over and over: making each of them a new string costs more
 * than recognising its bytes. Direct-mapped, so its size is bounded whatever is sent.
 */

const SLOTS = 4096
const MAX_LENGTH = 48

export interface TextCache {
  /** The text of the UTF-8 bytes from `start` to `end`; broken UTF-8 becomes U+FFFD. */
  read(bytes: Buffer, start: number, end: number): string
}

export function createTextCache(): TextCache {
  const texts: string[] = new Array<string>(SLOTS).fill('')
  return {
    read: (bytes, start, end) => {
      const length = end - start
      if (length > MAX_LENGTH) return bytes.toString('utf8', start, end)
      if (length === 0) return ''
      // FNV-1a.
      let hash = 0x811c9dc5
      for (let pos = start; pos < end; pos++) hash = Math.imul(hash ^ bytes[pos]!, 0x01000193)
      const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
      const known = texts[slot]!
      if (known.length === length && sameAscii(known, bytes, start)) return known
      const text = bytes.toString('utf8', start, end)
      texts[slot] = text
      return text
    },
  }
}

/** Non-ASCII texts never match: their bytes are above 127, or their length differs. */
function sameAscii(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[start + i]!
    if (byte > 127 || text.charCodeAt(i) !== byte) return false
  }
  return true
}
