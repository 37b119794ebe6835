/** A request with some of its spans left out or put differently; everything else stays byte for byte. */
import type { RequestLayout } from './scan.ts'

/** `at` is a span's place in the order of the request. */
export type SpanChoice = 'keep' | 'leave_out' | { readonly replacement: Uint8Array }

/** `choose` is asked once for each span, in order. Null when none is left. */
export function rewriteRequest(
  bytes: Buffer,
  layout: RequestLayout,
  choose: (at: number) => SpanChoice,
): Buffer | null {
  let at = 0
  const groups = layout.groups.flatMap((group) => {
    const scopes = group.scopes.flatMap((scope) => {
      const spans = scope.traceIdAt.flatMap((_, i): Uint8Array[] => {
        const choice = choose(at++)
        if (choice === 'leave_out') return []
        if (choice === 'keep') return [bytes.subarray(scope.spans[2 * i], scope.spans[2 * i + 1])]
        return [header(choice.replacement.length), choice.replacement]
      })
      return spans.length === 0 ? [] : message([...slices(bytes, scope.others), ...spans])
    })
    // Both messages are a field 1 or 2 of what holds them: a group is field 1 of the request.
    return scopes.length === 0 ? [] : message([...slices(bytes, group.others), ...scopes], RESOURCE_SPANS_TAG)
  })
  return groups.length === 0 ? null : Buffer.concat([...groups, ...slices(bytes, layout.others)])
}

/** Fields 1 and 2, length-delimited: resource spans of a request; scope spans of those, and spans of these. */
const RESOURCE_SPANS_TAG = 0x0a
const INNER_TAG = 0x12

function message(parts: readonly Uint8Array[], tag = INNER_TAG): Uint8Array[] {
  return [
    header(
      parts.reduce((sum, part) => sum + part.length, 0),
      tag,
    ),
    ...parts,
  ]
}

function header(size: number, tag = INNER_TAG): Uint8Array {
  const out = [tag]
  let rest = size
  for (; rest >= 128; rest >>>= 7) out.push((rest & 127) | 128)
  return Uint8Array.of(...out, rest)
}

function slices(bytes: Buffer, bounds: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let i = 0; i < bounds.length; i += 2) out.push(bytes.subarray(bounds[i], bounds[i + 1]))
  return out
}
