import type { Attributes, AttributeValue } from '../model/span.ts'
import type { PatternGroup } from '../regex/patterns.ts'
import { maskNumber } from './json.ts'
import { mapKept } from './map-kept.ts'
import type { TextMasker } from './masker.ts'

/**
 * OpenTelemetry's addresses of machines: they say where a call went, not what was said in it, and operators need them.
 */
const MACHINE_ADDRESS_KEYS = new Set([
  'network.peer.address',
  'network.local.address',
  'server.address',
  'client.address',
  'source.address',
  'destination.address',
  'host.ip',
  'net.peer.ip',
  'net.peer.name',
  'net.host.ip',
  'net.sock.peer.addr',
  'net.sock.host.addr',
])

/** The map with every string in it masked, nested ones too; the very same map when nothing matched. Keys stay. */
export function maskAttributes(attributes: Attributes, group: PatternGroup, masker: TextMasker): Attributes {
  let copy: Map<string, AttributeValue> | null = null
  for (const [key, value] of attributes) {
    if (MACHINE_ADDRESS_KEYS.has(key)) continue
    const masked = maskValue(value, group, masker)
    if (masked === value) continue
    copy ??= new Map(attributes)
    copy.set(key, masked)
  }
  return copy ?? attributes
}

function maskValue(value: AttributeValue, group: PatternGroup, masker: TextMasker): AttributeValue {
  if (typeof value === 'string') return masker.mask(group, value)
  if (typeof value === 'number' || typeof value === 'bigint') return maskNumber(value, group, masker)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Map) return maskAttributes(value, group, masker)
  if (Array.isArray(value)) return mapKept(value, (item: AttributeValue) => maskValue(item, group, masker))
  return value
}
