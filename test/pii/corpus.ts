import { readFileSync } from 'node:fs'

/** One text of the measurement corpus, and what of it is personal data. */
export interface CorpusCase {
  text: string
  /** A kind of the pack, `phone_bare` (a national number as a bare run of digits), or `none`. */
  kind: string
  /** Where the value stands in the text, UTF-16 code units; empty for `none`. */
  values: { start: number; end: number }[]
  /** `faker-py`, `faker-js`, `formats` (providers' published key formats) or `real` (log lines of a machine). */
  source: string
}

export type CorpusHalf = 'development' | 'held-out'

/** A half of the corpus: generated cases, and every second real line. How it was made is in `generate/`. */
export function readCorpus(half: CorpusHalf): CorpusCase[] {
  const generated = lines(`${half}.jsonl`).map((line): CorpusCase => {
    const [kind = '', value = '', source = '', template = ''] = JSON.parse(line) as string[]
    return { kind, source, ...fill(template, value, kind !== 'none') }
  })
  const parity = half === 'development' ? 0 : 1
  const real = lines('real-lines.txt')
    .filter((_line, index) => index % 2 === parity)
    .map((text): CorpusCase => ({ text, kind: 'none', values: [], source: 'real' }))
  return [...generated, ...real]
}

function lines(name: string): string[] {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
}

function fill(template: string, value: string, labelled: boolean): Pick<CorpusCase, 'text' | 'values'> {
  const parts = template.split('{v}')
  const values: CorpusCase['values'] = []
  let text = parts[0] ?? ''
  for (const part of parts.slice(1)) {
    if (labelled) values.push({ start: text.length, end: text.length + value.length })
    text += value + part
  }
  return { text, values }
}
