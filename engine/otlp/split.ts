import { type RequestLayout, scanRequest, type Watch } from './scan.ts'
import { asBuffer } from './wire.ts'

/** The spans of one request that fall on one partition, as a request of its own. */
export interface PartitionRecord {
  partition: number
  value: Uint8Array
  spanCount: number
  /** 32 hex digits when all its spans are of one trace. */
  singleTraceId: string | null
}

/** Spans that are in no record. */
export interface RejectedSpans {
  count: number
  /** Names the field of the first: `resource_spans[0].scope_spans[0].spans[1].start_time_unix_nano`. */
  firstPath: string
}

export type SplitOutcome =
  | {
      ok: true
      records: PartitionRecord[]
      spanCount: number
      rejected: RejectedSpans | null
      /** Whether something in it may go beyond what was watched for. */
      isOver: boolean
    }
  /** What is wrong, naming the field: `resource_spans[0].scope_spans[1].spans[3].trace_id: is missing`. */
  | { ok: false; message: string }

/**
 * Checks an ExportTraceServiceRequest and divides it by the partitions of its traces. Each record holds its spans byte for
 * byte with their resource and scope, fields that we don't know included; a request of one partition is its own record,
 * without a copy. Groups without spans are dropped, and so are spans without a start or an end.
 *
 * @param partitionFor partition of a trace id in 32 lower-case hex digits
 */
export function splitByPartition(
  request: Uint8Array,
  partitionFor: (traceIdHex: string) => number,
  watch?: Watch,
): SplitOutcome {
  const scanned = scanRequest(request, watch)
  if (!scanned.ok) return scanned
  const { layout } = scanned
  const bytes = asBuffer(request)
  const { partitions, records } = assign(bytes, layout, partitionFor)
  const [only] = records
  const rejected = layout.unusable.count > 0 ? layout.unusable : null
  const isWhole = rejected === null && isWithoutEmptyGroups(layout)
  if (records.length === 1 && only !== undefined && isWhole) only.value = request
  else for (const record of records) record.value = assemble(bytes, layout, partitions, record.partition)
  return { ok: true, records, spanCount: layout.spanCount, rejected, isOver: layout.isOver }
}

/** The partition of each span, in the order of the request, and a record without bytes for each partition. */
function assign(
  bytes: Buffer,
  layout: RequestLayout,
  partitionFor: (traceIdHex: string) => number,
): { partitions: number[]; records: PartitionRecord[] } {
  const partitions: number[] = []
  const records: PartitionRecord[] = []
  let lastAt = -1
  let record: PartitionRecord | undefined
  for (const group of layout.groups) {
    for (const scope of group.scopes) {
      for (const at of scope.traceIdAt) {
        if (record === undefined || !isSameId(bytes, at, lastAt)) {
          const traceId = bytes.toString('hex', at, at + 16)
          const partition = partitionFor(traceId)
          record = records.find((candidate) => candidate.partition === partition)
          if (record === undefined) {
            record = { partition, value: bytes, spanCount: 0, singleTraceId: traceId }
            records.push(record)
          } else if (record.singleTraceId !== traceId) record.singleTraceId = null
        }
        lastAt = at
        record.spanCount++
        partitions.push(record.partition)
      }
    }
  }
  return { partitions, records }
}

function isSameId(bytes: Buffer, a: number, b: number): boolean {
  for (let i = 0; i < 16; i++) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}

function isWithoutEmptyGroups(layout: RequestLayout): boolean {
  return layout.groups.every(
    (group) => group.scopes.length > 0 && group.scopes.every((scope) => scope.traceIdAt.length > 0),
  )
}

/** Measures, then copies each slice once. */
function assemble(bytes: Buffer, layout: RequestLayout, partitions: readonly number[], partition: number): Buffer {
  // Sizes of the scope and resource groups in the order in which they are written; 0 is left out.
  const sizes: number[] = []
  let total = sizeOf(layout.others)
  let span = 0
  for (const group of layout.groups) {
    const slot = sizes.push(0) - 1
    let groupSize = 0
    for (const scope of group.scopes) {
      let scopeSize = 0
      for (let i = 0; i < scope.traceIdAt.length; i++) {
        if (partitions[span++] === partition) scopeSize += scope.spans[2 * i + 1]! - scope.spans[2 * i]!
      }
      if (scopeSize > 0) scopeSize += sizeOf(scope.others)
      sizes.push(scopeSize)
      if (scopeSize > 0) groupSize += 1 + varintSize(scopeSize) + scopeSize
    }
    if (groupSize > 0) groupSize += sizeOf(group.others)
    sizes[slot] = groupSize
    if (groupSize > 0) total += 1 + varintSize(groupSize) + groupSize
  }

  const out = Buffer.allocUnsafe(total)
  let at = 0
  const header = (tag: number, size: number): void => {
    out[at++] = tag
    for (let rest = size; ; rest >>>= 7) {
      if (rest < 128) {
        out[at++] = rest
        return
      }
      out[at++] = (rest & 127) | 128
    }
  }
  const copy = (start: number, end: number): void => {
    at += bytes.copy(out, at, start, end)
  }
  const copyAll = (slices: readonly number[]): void => {
    for (let i = 0; i < slices.length; i += 2) copy(slices[i]!, slices[i + 1]!)
  }

  let next = 0
  span = 0
  for (const group of layout.groups) {
    const groupSize = sizes[next++]!
    if (groupSize > 0) {
      header(RESOURCE_SPANS_TAG, groupSize)
      copyAll(group.others)
    }
    for (const scope of group.scopes) {
      const scopeSize = sizes[next++]!
      if (scopeSize === 0) {
        span += scope.traceIdAt.length
        continue
      }
      header(SCOPE_SPANS_TAG, scopeSize)
      copyAll(scope.others)
      // Neighbours in one go: a trace's spans mostly follow each other.
      let runStart = -1
      let runEnd = -1
      for (let i = 0; i < scope.traceIdAt.length; i++) {
        if (partitions[span++] !== partition) continue
        const start = scope.spans[2 * i]!
        if (start !== runEnd) {
          if (runStart >= 0) copy(runStart, runEnd)
          runStart = start
        }
        runEnd = scope.spans[2 * i + 1]!
      }
      if (runStart >= 0) copy(runStart, runEnd)
    }
  }
  copyAll(layout.others)
  return out
}

/** Field 1 and field 2, length-delimited. */
const RESOURCE_SPANS_TAG = 0x0a
const SCOPE_SPANS_TAG = 0x12

function sizeOf(slices: readonly number[]): number {
  let size = 0
  for (let i = 0; i < slices.length; i += 2) size += slices[i + 1]! - slices[i]!
  return size
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest >>>= 7) size++
  return size
}
