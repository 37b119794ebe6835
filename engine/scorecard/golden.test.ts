/** Every rendering of one scorecard, whole. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { svgToPng } from '../images/png.ts'
import { RENDERED_FORMATS, renderScorecard } from './formats.ts'
import { SAMPLE_SCORECARD } from './sample.ts'
import { scorecardOfJson, scorecardSchema } from './scorecard-json.ts'
import { scorecardSvg } from './svg.ts'

const goldenOf = (format: string): string =>
  readFileSync(join(import.meta.dirname, 'golden', `weekly.${format}.txt`), 'utf8')

test.each(RENDERED_FORMATS)('as %s', (format) => {
  expect(renderScorecard(SAMPLE_SCORECARD, format, 'https://assay.example')).toBe(goldenOf(format))
})

test('as JSON, and back', () => {
  expect(`${JSON.stringify(SAMPLE_SCORECARD, null, 2)}\n`).toBe(goldenOf('json'))
  expect(scorecardOfJson(scorecardSchema.parse(JSON.parse(goldenOf('json'))))).toEqual(SAMPLE_SCORECARD)
})

test('the picture has the size of its drawing, twice as fine, and is the same each time', async () => {
  const svg = scorecardSvg(SAMPLE_SCORECARD)
  const [png, again] = await Promise.all([svgToPng(svg), svgToPng(svg)])
  const height = Number(/height="(\d+)"/.exec(svg)?.[1])
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1_600, 2 * height])
  expect(png.equals(again)).toBe(true)
})
