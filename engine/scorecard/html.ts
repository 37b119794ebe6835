/** A scorecard as a page of HTML that loads nothing: for e-mail, where styles stand on the elements, and for the browser. */
import { escapeHtml, htmlPage } from '../html.ts'
import type { Cell, Scorecard } from './scorecard-json.ts'
import {
  alertText,
  beforeText,
  cellName,
  cellsOf,
  changeIntervalText,
  changeText,
  correctedText,
  coverageText,
  intervalText,
  periodText,
  scorecardTitle,
  spendText,
  valueText,
  worstText,
  worstUrl,
} from './words.ts'

export interface HtmlOptions {
  /** Of links to traces, without a slash at its end; '' for pages of the same place, null for none. */
  readonly baseUrl: string | null
  /** Where the picture of it is: `cid:…` in a mail, `data:…` in a page; null for none. */
  readonly imageSrc: string | null
}

const TD = 'style="padding:4px 10px 4px 0;border-bottom:1px solid #e3e3e3;text-align:left;vertical-align:top"'
const SMALL = 'style="color:#5a5a5a"'

const cellsHtml = (tag: 'td' | 'th', texts: readonly string[]): string =>
  `<tr>${texts.map((text) => `<${tag} ${TD}>${text}</${tag}>`).join('')}</tr>`

const withNote = (text: string, note: string): string =>
  note === '' ? escapeHtml(text) : `${escapeHtml(text)}<br><small ${SMALL}>${escapeHtml(note)}</small>`

function rowOf(cell: Cell, scorecard: Scorecard): string {
  const corrected = cell.corrected === null ? '' : `corrected ${correctedText(cell)}`
  return cellsHtml('td', [
    `<code>${escapeHtml(cellName(cell, scorecard))}</code>`,
    `<b>${escapeHtml(valueText(cell))}</b>${corrected === '' ? '' : `<br><small ${SMALL}>${escapeHtml(corrected)}</small>`}`,
    escapeHtml(intervalText(cell)),
    withNote(changeText(cell), changeIntervalText(cell)),
    escapeHtml(coverageText(cell)),
    String(cell.n),
  ])
}

const listHtml = (heading: string, items: readonly string[]): string =>
  items.length === 0 ? '' : `<h3>${heading}</h3><ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`

/** What stands between `<body>` and `</body>`. */
export function scorecardBody(scorecard: Scorecard, { baseUrl, imageSrc }: HtmlOptions): string {
  const head = ['value', 'now', '95% interval', `against ${beforeText(scorecard) ?? 'before'}`, 'coverage', 'of']
  const rows = cellsOf(scorecard).map((cell) => rowOf(cell, scorecard))
  const spend = spendText(scorecard)
  const worst = scorecard.worst.map((one) => {
    const text = escapeHtml(worstText(one))
    return baseUrl === null ? text : `<a href="${escapeHtml(worstUrl(one, baseUrl))}">${text}</a>`
  })
  const alt = escapeHtml(scorecardTitle(scorecard))
  return [
    `<h2>${escapeHtml(scorecard.title ?? scorecard.id)}</h2>`,
    `<p ${SMALL}>${escapeHtml(periodText(scorecard))}${scorecard.owner === null ? '' : `, owner ${escapeHtml(scorecard.owner)}`}</p>`,
    imageSrc === null
      ? ''
      : `<p><img src="${escapeHtml(imageSrc)}" alt="${alt}" width="800" style="max-width:100%"></p>`,
    `<table style="border-collapse:collapse">${cellsHtml('th', head.map(escapeHtml))}${rows.join('')}</table>`,
    spend === null ? '' : `<p>${escapeHtml(spend)}.</p>`,
    listHtml(
      'Open alerts',
      scorecard.alerts.map((alert) => escapeHtml(alertText(alert))),
    ),
    listHtml('Worst traces', worst),
    `<p><small ${SMALL}>≈ stands before a difference that may be chance.</small></p>`,
  ].join('')
}

export const scorecardHtml = (scorecard: Scorecard, options: HtmlOptions): string =>
  htmlPage(scorecardTitle(scorecard), scorecardBody(scorecard, options))
