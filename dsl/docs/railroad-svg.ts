/** Railroad diagrams as SVG: follow the line from left to right, along any branch. Needs nothing from elsewhere. */
import type { Rail } from './rails.ts'

/** What is drawn: its rail runs in at the left and out at the right, at y 0. */
interface Drawing {
  readonly width: number
  /** Above and below the rail. */
  readonly up: number
  readonly down: number
  readonly at: (x: number, y: number) => string
}

const CHAR_WIDTH = 7.8
const BOX_HEIGHT = 24
const GAP = 10
/** Radius of the bends. */
const BEND = 10
const ROW_GAP = 10

/** Complete, with its size, and a title for who cannot see it; classes `rail`, `token`, `rule` are for a style sheet. */
export function railroadSvg(rail: Rail, title: string): string {
  const drawing = draw(rail)
  const margin = 16
  const width = Math.ceil(drawing.width + 4 * margin)
  const height = Math.ceil(drawing.up + drawing.down + 2 * margin)
  const y = drawing.up + margin
  const body = [
    path(`M ${margin} ${y - 8} v 16 M ${margin + 5} ${y - 8} v 16 M ${margin + 5} ${y} H ${2 * margin}`),
    drawing.at(2 * margin, y),
    path(`M ${2 * margin + drawing.width} ${y} h ${margin - 5} m -5 -8 v 16 m 5 -16 v 16`),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">\n<title>${escaped(title)}</title>\n${body.join('\n')}\n</svg>`
}

function draw(rail: Rail): Drawing {
  switch (rail.kind) {
    case 'token':
      return box(rail.text, rail.literal ? 'token' : 'class', rail.literal ? '' : `#token-${rail.text}`)
    case 'rule':
      return box(rail.name, 'rule', `#${rail.name}`)
    case 'sequence':
      return sequence(rail.items.map(draw))
    case 'choice':
      return choice(rail.items.map(draw))
    case 'optional':
      return choice([nothing, draw(rail.item)])
    case 'repeat': {
      const loop = repeat(draw(rail.item), rail.separator === null ? nothing : draw(rail.separator))
      return rail.atLeastOne ? loop : choice([nothing, loop])
    }
  }
}

const nothing: Drawing = { width: 0, up: 0, down: 0, at: () => '' }

function box(text: string, kind: 'token' | 'class' | 'rule', link: string): Drawing {
  const width = Math.ceil([...text].length * CHAR_WIDTH + 20)
  const half = BOX_HEIGHT / 2
  const radius = kind === 'rule' ? 0 : half
  return {
    width,
    up: half,
    down: half,
    at: (x, y) => {
      const shape = `<rect class="${kind}" x="${x}" y="${y - half}" width="${width}" height="${BOX_HEIGHT}" rx="${radius}"/><text x="${x + width / 2}" y="${y + 4}">${escaped(text)}</text>`
      return link === '' ? shape : `<a href="${link}">${shape}</a>`
    },
  }
}

function sequence(items: readonly Drawing[]): Drawing {
  return {
    width: items.reduce((sum, item) => sum + item.width, 0) + GAP * Math.max(0, items.length - 1),
    up: Math.max(0, ...items.map((item) => item.up)),
    down: Math.max(0, ...items.map((item) => item.down)),
    at: (x, y) => {
      const parts: string[] = []
      let at = x
      for (const [index, item] of items.entries()) {
        if (index > 0) {
          parts.push(path(`M ${at} ${y} h ${GAP}`))
          at += GAP
        }
        parts.push(item.at(at, y))
        at += item.width
      }
      return parts.filter((part) => part !== '').join('\n')
    },
  }
}

/** The first on the rail itself, the others below it. */
function choice(items: readonly Drawing[]): Drawing {
  const inner = Math.max(...items.map((item) => item.width))
  const [first = nothing, ...others] = items
  const depths: number[] = []
  let depth = first.down
  for (const item of others) {
    depth = Math.max(depth + ROW_GAP + item.up, 2 * BEND)
    depths.push(depth)
    depth += item.down
  }
  const width = inner + 4 * BEND
  return {
    width,
    up: first.up,
    down: depth,
    at: (x, y) => {
      const start = x + 2 * BEND
      const row = (item: Drawing, at: number): string =>
        [item.at(start, at), path(`M ${start + item.width} ${at} H ${start + inner}`)]
          .filter((part) => part !== '')
          .join('\n')
      const parts = [path(`M ${x} ${y} H ${start}`), row(first, y), path(`M ${start + inner} ${y} H ${x + width}`)]
      for (const [index, item] of others.entries()) {
        const below = depths[index] as number
        const drop = below - 2 * BEND
        parts.push(
          path(`M ${x} ${y} ${bend(BEND, BEND, 1)} v ${drop} ${bend(BEND, BEND, 0)}`),
          row(item, y + below),
          path(`M ${start + inner} ${y + below} ${bend(BEND, -BEND, 0)} v ${-drop} ${bend(BEND, -BEND, 1)}`),
        )
      }
      return parts.join('\n')
    },
  }
}

/** Back below the rail, over what stands between two of them. */
function repeat(item: Drawing, between: Drawing): Drawing {
  const inner = Math.max(item.width, between.width)
  const depth = Math.max(item.down + ROW_GAP + between.up, 2 * BEND)
  const width = inner + 2 * BEND
  return {
    width,
    up: item.up,
    down: depth + between.down,
    at: (x, y) => {
      const start = x + BEND
      const end = start + inner
      const drop = depth - 2 * BEND
      return [
        path(`M ${x} ${y} h ${BEND}`),
        item.at(start, y),
        path(`M ${start + item.width} ${y} H ${x + width}`),
        path(
          `M ${end} ${y} ${bend(BEND, BEND, 1)} v ${drop} ${bend(-BEND, BEND, 1)} H ${end - (inner - between.width) / 2}`,
        ),
        between.at(start + (inner - between.width) / 2, y + depth),
        path(
          `M ${start + (inner - between.width) / 2} ${y + depth} H ${start} ${bend(-BEND, -BEND, 1)} v ${-drop} ${bend(BEND, -BEND, 1)}`,
        ),
      ]
        .filter((part) => part !== '')
        .join('\n')
    },
  }
}

function bend(dx: number, dy: number, sweep: 0 | 1): string {
  return `a ${BEND} ${BEND} 0 0 ${sweep} ${dx} ${dy}`
}

function path(d: string): string {
  return `<path class="rail" d="${d}"/>`
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
