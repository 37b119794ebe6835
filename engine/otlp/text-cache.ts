/**
 * Attribute keys and short values come from a small vocabulary, over and over: making each of them a new string costs more
 * than recognising its bytes. Direct-mapped, so its size is bounded whatever is sent.
 */

const SLOTS = 2048
const MAX_LENGTH = 48
const HASHED = 10

export interface TextCache {
  /** The text of the UTF-8 bytes from `start` to `end`; broken UTF-8 becomes U+FFFD. */
  read(bytes: Buffer, start: number, end: number): string
}

export function createTextCache(): TextCache {
  const texts: string[] = new Array<string>(SLOTS).fill('')
  const lengths = new Uint8Array(SLOTS)
  // The bytes of each text, side by side: quicker to compare than the characters of a string.
  const known = new Uint8Array(SLOTS * MAX_LENGTH)
  return {
    read: (bytes, start, end) => {
      const length = end - start
      if (length > MAX_LENGTH) return bytes.toString('utf8', start, end)
      if (length === 0) return ''
      // FNV-1a over the length and the last bytes: keys share their beginnings.
      let hash = Math.imul(0x811c9dc5 ^ length, 0x01000193)
      for (let pos = length > HASHED ? end - HASHED : start; pos < end; pos++) {
        hash = Math.imul(hash ^ bytes[pos]!, 0x01000193)
      }
      const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
      const at = slot * MAX_LENGTH
      if (lengths[slot] === length) {
        let same = 0
        while (same < length && known[at + same] === bytes[start + same]) same++
        if (same === length) return texts[slot]!
      }
      const text = bytes.toString('utf8', start, end)
      texts[slot] = text
      lengths[slot] = length
      for (let i = 0; i < length; i++) known[at + i] = bytes[start + i]!
      return text
    },
  }
}
