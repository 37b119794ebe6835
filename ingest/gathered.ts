/**
 * Bytes that come in pieces, put to their place as they come. Kept as they are, pieces of one byte would take some hundred bytes each, and
 * hold on to all that was read of the socket with them: a sender who cuts a message small would take many times what it is counted for.
 */
export interface Gathered {
  readonly sizeBytes: number
  add(piece: Buffer): void
  /** All of them. */
  bytes(): Buffer
  /** They are of no use any more. */
  clear(): void
}

const LEAST_BYTES = 16 << 10
/** So that what is put elsewhere is put there seldom. What is not written to takes no memory. */
const GROWTH = 4

/** `expectedBytes`: room for so much is made with the second piece; more may come, up to `maxBytes`. */
export function createGathered(expectedBytes: number, maxBytes: number): Gathered {
  let place: Buffer | null = null
  /** The first one often is all there is, and stays where it is. */
  let first: Buffer | null = null
  let sizeBytes = 0
  const makeRoom = (neededBytes: number): Buffer => {
    if (place !== null && place.length >= neededBytes) return place
    const wantedBytes = place === null ? Math.max(expectedBytes, LEAST_BYTES) : GROWTH * neededBytes
    const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, Math.min(wantedBytes, maxBytes)))
    ;(place ?? first)?.copy(larger, 0, 0, sizeBytes)
    first = null
    place = larger
    return larger
  }
  return {
    get sizeBytes() {
      return sizeBytes
    },
    add: (piece) => {
      if (sizeBytes === 0) first = piece
      else piece.copy(makeRoom(sizeBytes + piece.length), sizeBytes)
      sizeBytes += piece.length
    },
    bytes: () => first ?? place?.subarray(0, sizeBytes) ?? Buffer.alloc(0),
    clear: () => {
      first = null
      place = null
      sizeBytes = 0
    },
  }
}
