import type { PatternMatch } from '../../engine/regex/patterns.ts'
import type { CorpusCase } from './corpus.ts'

/** Counts of one kind over a corpus. A value is found when matches cover all of it. */
export interface KindScore {
  kind: string
  values: number
  found: number
  /** Values of which a part stays in the open: they count as missed. */
  partlyFound: number
  /** Matches that touch no value of the kind, in texts of any kind. */
  falseAlarms: number
  precision: number
  recall: number
}

/** `phone_bare` is measured apart, as recall of the phone pattern on what it does not promise to find. */
export const MEASURED_KINDS = [
  'email',
  'phone',
  'iban',
  'us_ssn',
  'card',
  'ip',
  'api_key',
  'jwt',
  'phone_bare',
] as const

type Find = (text: string) => readonly PatternMatch[]

export function measure(cases: readonly CorpusCase[], find: Find): KindScore[] {
  const found = cases.map((item) => find(item.text))
  return MEASURED_KINDS.map((kind) => {
    const pattern = kind === 'phone_bare' ? 'pii.phone' : `pii.${kind}`
    const score: KindScore = { kind, values: 0, found: 0, partlyFound: 0, falseAlarms: 0, precision: 1, recall: 1 }
    cases.forEach((item, index) => {
      const matches = (found[index] ?? []).filter((match) => match.pattern === pattern)
      const isOfKind = item.kind === kind
      for (const value of isOfKind ? item.values : []) {
        score.values++
        const touching = matches.filter((match) => touches(match, value))
        if (touching.some((match) => match.start <= value.start && match.end >= value.end)) score.found++
        else if (touching.length > 0) score.partlyFound++
      }
      const isOtherPhone = kind.startsWith('phone') && item.kind.startsWith('phone') && !isOfKind
      if (kind === 'phone_bare' || isOtherPhone) return
      const wanted = isOfKind ? item.values : []
      score.falseAlarms += matches.filter((match) => !wanted.some((value) => touches(match, value))).length
    })
    const hits = score.found + score.partlyFound
    score.precision = hits + score.falseAlarms === 0 ? 1 : hits / (hits + score.falseAlarms)
    score.recall = score.values === 0 ? 1 : score.found / score.values
    return score
  })
}

function touches(a: { start: number; end: number }, b: { start: number; end: number }): boolean {
  return a.start < b.end && a.end > b.start
}

/** As `docs/packs/pii.md` shows it. */
export function scoreTable(scores: readonly KindScore[]): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`
  const rows = scores.map((score) => {
    const precision = score.kind === 'phone_bare' ? '–' : percent(score.precision)
    const alarms = score.kind === 'phone_bare' ? '–' : String(score.falseAlarms)
    return `| ${score.kind} | ${score.values} | ${score.found} | ${score.partlyFound} | ${alarms} | ${precision} | ${percent(score.recall)} |`
  })
  return [
    '| kind | values | found | partly | false alarms | precision | recall |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
