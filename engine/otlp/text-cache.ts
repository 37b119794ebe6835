/**
 * Attribute keys and short values come from a small vocabulary, over and over: making each of them a new string costs more
 * than recognising its bytes. Direct-mapped, so its size is bounded whatever is sent.
 */

const SLOTS = 2048
const MAX_LENGTH = 48
/** Four bytes at a time. */
const WORD = 4

export interface TextCache {
  /**
   * The text of the UTF-8 bytes from `start` to `end`; broken UTF-8 becomes U+FFFD. `view` is over the same bytes.
   */
  read(bytes: Buffer, view: DataView, start: number, end: number): string
}

export function createTextCache(): TextCache {
  const texts: string[] = new Array<string>(SLOTS).fill('')
  const lengths = new Uint8Array(SLOTS)
  // The bytes of each text, side by side: quicker to compare than the characters of a string.
  const known = new Uint8Array(SLOTS * MAX_LENGTH)
  const knownView = new DataView(known.buffer)
  return {
    read: (bytes, view, start, end) => {
      const length = end - start
      if (length > MAX_LENGTH) return bytes.toString('utf8', start, end)
      if (length === 0) return ''
      if (length < WORD) return bytes.toString('utf8', start, end)
      // FNV-1a over words; the last one overlaps its neighbour when the length is no multiple of four.
      const lastWord = end - WORD
      let hash = Math.imul(0x811c9dc5 ^ length, 0x01000193)
      for (let pos = start; pos < lastWord; pos += WORD) {
        hash = Math.imul(hash ^ view.getUint32(pos, true), 0x01000193)
        hash ^= hash >>> 15
      }
      hash = Math.imul(hash ^ view.getUint32(lastWord, true), 0x01000193)
      const slot = (hash ^ (hash >>> 17)) & (SLOTS - 1)
      const at = slot * MAX_LENGTH
      if (lengths[slot] === length) {
        const shift = at - start
        let pos = start
        while (pos < lastWord && knownView.getUint32(pos + shift, true) === view.getUint32(pos, true)) pos += WORD
        if (pos >= lastWord && knownView.getUint32(lastWord + shift, true) === view.getUint32(lastWord, true)) {
          return texts[slot]!
        }
      }
      const text = bytes.toString('utf8', start, end)
      texts[slot] = text
      lengths[slot] = length
      bytes.copy(known, at, start, end)
      return text
    },
  }
}
