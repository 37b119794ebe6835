/** What pictures share: plain SVG on white, in one font, the same bytes for the same values. */
import { escapeHtml } from '../html.ts'

/** Told apart by those who see few colours, too: lines differ in form as well. */
export const INK = {
  text: '#1a1a1a',
  quiet: '#5f6368',
  line: '#d9dce1',
  series: '#1f6feb',
  band: '#dbe7fd',
  good: '#1a7f37',
  bad: '#c4291c',
  paper: '#ffffff',
} as const

/** Two places are enough for a pixel. */
export const px = (value: number): string => String(Number(value.toFixed(2)))

/** Of DejaVu Sans, on the average of its letters: enough to know what fits. */
const LETTER_EM = 0.6

export function fitText(text: string, widthPx: number, sizePx: number): string {
  const most = Math.max(1, Math.floor(widthPx / (sizePx * LETTER_EM)))
  const letters = [...text]
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

export interface TextStyle {
  readonly size: number
  readonly fill?: string
  readonly isBold?: boolean
  readonly anchor?: 'start' | 'middle' | 'end'
}

// Control characters are not XML, escaped or not.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\ufffe\uffff]/g, ' ')

export function svgText(
  x: number,
  y: number,
  text: string,
  { size, fill = INK.text, isBold, anchor }: TextStyle,
): string {
  const weight = isBold === true ? ' font-weight="bold"' : ''
  const align = anchor === undefined ? '' : ` text-anchor="${anchor}"`
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}" fill="${fill}"${weight}${align}>${escapeHtml(plain(text))}</text>`
}

export const svgLine = (x1: number, y1: number, x2: number, y2: number, stroke: string, more = ''): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"${more}/>`

export type Point = readonly [x: number, y: number]

/** The pieces of a series between its gaps; a point alone is a dot. */
export function svgSeries(points: readonly (Point | null)[], stroke: string, width: number): string {
  const pieces: Point[][] = [[]]
  for (const point of points)
    if (point === null) pieces.push([])
    else pieces.at(-1)!.push(point)
  return pieces
    .filter((piece) => piece.length > 0)
    .map((piece) => {
      const [[x, y] = [0, 0]] = piece
      if (piece.length === 1) return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(width)}" fill="${stroke}"/>`
      const path = piece.map(([atX, atY], i) => `${i === 0 ? 'M' : 'L'}${px(atX)} ${px(atY)}`).join('')
      return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"/>`
    })
    .join('')
}

export const svgPicture = (width: number, height: number, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, sans-serif">\n` +
  `<rect width="${width}" height="${height}" fill="${INK.paper}"/>\n${parts.filter((part) => part !== '').join('\n')}\n</svg>\n`
