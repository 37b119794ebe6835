/** Pictures beside a message: of an alert's trend, or of a scorecard. One that cannot be drawn is left out; the message never is. */
import { alertChartSvg } from '../../engine/alerting/chart.ts'
import { scorecardOfJson } from '../../engine/scorecard/scorecard-json.ts'
import { scorecardSvg } from '../../engine/scorecard/svg.ts'
import { scorecardTitle } from '../../engine/scorecard/words.ts'
import { headlineOf } from '../message.ts'
import type { Message } from './receiver.ts'

/** Rejects where it cannot. */
export type Draw = (svg: string) => Promise<Uint8Array>

export interface Picture {
  readonly name: string
  /** For who cannot see it. */
  readonly title: string
  readonly png: Uint8Array
}

/** Of many alerts told together the first few. */
const MOST_CHARTS = 3

interface Drawing {
  readonly name: string
  readonly title: string
  readonly svg: string
}

function drawingsOf(message: Message): Drawing[] {
  if (message.kind === 'notice') {
    if (message.notice.scorecard === undefined) return []
    const scorecard = scorecardOfJson(message.notice.scorecard)
    return [{ name: 'scorecard.png', title: scorecardTitle(scorecard), svg: scorecardSvg(scorecard) }]
  }
  // What is told again, or taken on, has had its picture.
  if (message.event !== 'firing' && message.event !== 'resolved') return []
  const title = headlineOf(message)
  return message.items.slice(0, MOST_CHARTS).flatMap(({ transition }, i) => {
    const svg = alertChartSvg(transition)
    return svg === null ? [] : [{ name: `chart-${i + 1}.png`, title, svg }]
  })
}

/** Never rejects. `onProblem`: a line for the operator. */
export async function picturesOf(message: Message, draw: Draw, onProblem: (text: string) => void): Promise<Picture[]> {
  try {
    return await Promise.all(
      drawingsOf(message).map(async ({ name, title, svg }) => ({ name, title, png: await draw(svg) })),
    )
  } catch (error) {
    onProblem(`a picture could not be drawn and is left out: ${error instanceof Error ? error.message : error}`)
    return []
  }
}

/** As `picturesOf`, of a message that can't go without them for long. */
export async function picturesInTime(
  message: Message,
  draw: Draw,
  onProblem: (text: string) => void,
  patienceMs: number,
): Promise<Picture[]> {
  const { promise: late, resolve } = Promise.withResolvers<Picture[]>()
  const timer = setTimeout(() => {
    onProblem('a picture took too long to draw and is left out')
    resolve([])
  }, patienceMs)
  try {
    return await Promise.race([picturesOf(message, draw, onProblem), late])
  } finally {
    clearTimeout(timer)
  }
}
