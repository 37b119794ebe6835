const SHOWN_BYTES = 64 << 10
const BYTES_A_LINE = 16

/** JSON indented, other text as it is, and else bytes as `xxd` shows them; the beginning of what is long. */
export function textOfRecord(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  const shown = bytes.subarray(0, SHOWN_BYTES)
  const rest = bytes.length > SHOWN_BYTES ? `\n… ${bytes.length - SHOWN_BYTES} bytes more` : ''
  const text = decode(bytes)
  if (text === null) return `${hexOf(shown)}${rest}`
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, SHOWN_BYTES)
  } catch {
    return `${text.slice(0, SHOWN_BYTES)}${rest}`
  }
}

/** Null where it is no text. */
function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? null : text
  } catch {
    return null
  }
}

function hexOf(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = [...bytes.subarray(at, at + BYTES_A_LINE)]
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(BYTES_A_LINE * 3)} ${text}`)
  }
  return lines.join('\n')
}
