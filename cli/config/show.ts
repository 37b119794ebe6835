/** The settings in force as text and as JSON; what is secret never leaves. */
import { nameOf } from './given.ts'
import type { Effective } from './resolve.ts'
import { Secret } from './secret.ts'

export interface ShownSetting {
  readonly setting: string
  readonly value: unknown
  readonly source: Effective['source']
  /** Where a secret lies that the file names; for people to look there. */
  readonly reference?: string
}

export function shownSetting({ path, setting, value, reference, source }: Effective): ShownSetting {
  return {
    setting: path.join('.'),
    value: masked(value, setting.of.isSecret === true),
    source,
    ...(reference !== null && { reference }),
  }
}

/** `null` and lists stay; a secret shows what it shows of itself. */
function masked(value: unknown, isSecret: boolean): unknown {
  if (value instanceof Secret) return value.toJSON()
  return isSecret && value !== null ? '***' : value
}

export function settingsTable(effective: readonly Effective[]): string {
  const rows = effective.map((one) => {
    const { setting, value, source, reference } = shownSetting(one)
    const shown =
      source.kind === 'default' ? (one.setting.without?.replaceAll('`', '') ?? inWords(value)) : inWords(value)
    return [setting, shown, `${nameOf(source)}${reference === undefined ? '' : ` (${reference})`}`] as const
  })
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map(([a, b, c]) => `${a.padEnd(widths[0]!)}  ${b.padEnd(widths[1]!)}  ${c}\n`).join('')
}

function inWords(value: unknown): string {
  if (value === null) return '-'
  if (Array.isArray(value)) return value.map(String).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
