/** What a scorecard of any size is for Slack, held to what Slack takes: https://docs.slack.dev/reference/block-kit/blocks */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { blockSchema } from '../../test/support/slack-server.ts'
import { SAMPLE_SCORECARD } from './sample.ts'
import { slackScorecard } from './slack.ts'

const long = 'a <long> & `winding` name|'.repeat(200)

test('of many values, alerts and traces with long names: fifty blocks and 3,000 characters at the most, and the rest is counted', () => {
  const [cell] = SAMPLE_SCORECARD.rows[0]!.cells
  const [alert] = SAMPLE_SCORECARD.alerts
  const [worst] = SAMPLE_SCORECARD.worst
  const { text, blocks } = slackScorecard(
    {
      ...SAMPLE_SCORECARD,
      title: long,
      owner: long,
      rows: [{ cells: Array.from({ length: 500 }, () => ({ ...cell!, group: { 'agent.version': long } })) }],
      alerts: Array.from({ length: 300 }, () => ({ ...alert!, title: long })),
      worst: Array.from({ length: 300 }, () => ({ ...worst!, evalId: long })),
    },
    `https://assay.example/${'of-a-team/'.repeat(40)}`,
  )
  expect(z.array(blockSchema).max(50).safeParse(blocks).error).toBeUndefined()
  expect(text.length).toBeLessThanOrEqual(3_000)
  const shown = JSON.stringify(blocks)
  expect(shown).toContain('and 470 more values')
  expect(shown.match(/and 29\d more/g)).toHaveLength(2)
  // No link or entity is cut through.
  for (const block of blocks) {
    const part = block.type === 'section' ? block.text.text : ''
    expect(part.replaceAll(/<https:[^<>|]*\|[^<>|]*>/g, '')).not.toMatch(/[<>]/)
    expect(part).not.toMatch(/&(?!amp;|lt;|gt;)/)
  }
})
