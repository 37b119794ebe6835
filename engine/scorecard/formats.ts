/** Every form in which a scorecard is shown, but for the picture's pixels. */
import { scorecardHtml } from './html.ts'
import { scorecardMarkdown, scorecardText } from './render.ts'
import type { Scorecard } from './scorecard-json.ts'
import { slackScorecard } from './slack.ts'
import { scorecardSvg } from './svg.ts'

export const RENDERED_FORMATS = ['text', 'markdown', 'html', 'slack', 'svg'] as const
export type RenderedFormat = (typeof RENDERED_FORMATS)[number]

/** `baseUrl`: of links to traces, without a slash at its end; '' for paths, null for none. */
export function renderScorecard(scorecard: Scorecard, format: RenderedFormat, baseUrl: string | null): string {
  switch (format) {
    case 'text':
      return scorecardText(scorecard, baseUrl)
    case 'markdown':
      return scorecardMarkdown(scorecard, baseUrl)
    case 'html':
      return scorecardHtml(scorecard, { baseUrl, imageSrc: svgAsSource(scorecardSvg(scorecard)) })
    case 'slack':
      return `${JSON.stringify(slackScorecard(scorecard, baseUrl), null, 2)}\n`
    case 'svg':
      return scorecardSvg(scorecard)
  }
}

const svgAsSource = (svg: string): string => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
