/** Whether one of many trace ids stands in bytes that cannot be read otherwise: as its 16 bytes, or in hex of either case. */

const ID_BYTES = 16
const HEX_RUN = /[0-9a-f]{32,}/gi

/** One pass over the bytes, however many ids there are. */
export function findIdsIn(traceIds: ReadonlySet<string>): (bytes: Buffer) => boolean {
  const byFirstBytes = new Map<number, Buffer[]>()
  for (const traceId of traceIds) {
    const id = Buffer.from(traceId, 'hex')
    if (id.length !== ID_BYTES) continue
    const first = id.readUInt32LE(0)
    const others = byFirstBytes.get(first)
    if (others === undefined) byFirstBytes.set(first, [id])
    else others.push(id)
  }
  const isInRaw = (bytes: Buffer): boolean => {
    for (let at = 0; at + ID_BYTES <= bytes.length; at++) {
      const ids = byFirstBytes.get(bytes.readUInt32LE(at))
      if (ids?.some((id) => id.compare(bytes, at, at + ID_BYTES) === 0) === true) return true
    }
    return false
  }
  const isInHex = (bytes: Buffer): boolean => {
    for (const [run] of bytes.toString('latin1').matchAll(HEX_RUN)) {
      const hex = run.toLowerCase()
      for (let at = 0; at + 2 * ID_BYTES <= hex.length; at++)
        if (traceIds.has(hex.slice(at, at + 2 * ID_BYTES))) return true
    }
    return false
  }
  return (bytes) => traceIds.size > 0 && (isInRaw(bytes) || isInHex(bytes))
}
