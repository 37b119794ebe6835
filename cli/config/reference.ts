/** The table of settings as a page: what `docs/configuration.md` shows between its marks. */
import { defaultOf } from './flags.ts'
import { type Node, type PlacedSetting, settingsBelow } from './setting.ts'
import { settings } from './settings.ts'
import { variablesOf } from './variables.ts'

const BEGIN = '<!-- settings: made by scripts/docs.ts from the code -->'
const END = '<!-- end of the settings -->'

/** The page with the table in it as the code has it. */
export function withSettings(page: string): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no ${BEGIN} … ${END}`)
  return `${before}${BEGIN}\n\n${settingsReference()}\n${END}${after}`
}

/** A table for what stands at the top, and one for each section. */
export function settingsReference(): string {
  const sections = Object.entries(settings.members)
  const top = sections.filter(([, node]) => node.node === 'setting')
  const rest = sections.filter(([, node]) => node.node !== 'setting')
  const tables = rest.map(([key, node]) => `### \`${key}\`\n\n${about(node)}\n\n${table(settingsBelow(node, [key]))}`)
  return [table(top.flatMap(([key, node]) => settingsBelow(node, [key]))), ...tables].join('\n')
}

const about = (node: Node): string => (node.node === 'setting' ? '' : node.about)

function table(placed: readonly PlacedSetting[]): string {
  const rows = placed.map(
    (one) =>
      `| \`${nameIn(one.path)}\` | ${one.setting.about} | ${one.setting.of.takes} | ${setBy(one)} | ${defaultIn(one)} |\n`,
  )
  return `| in the file | what | takes | flag, variable | without it |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`
}

/** A map's members go by the name that the table gives them. */
function nameIn(path: readonly string[]): string {
  let node: Node = settings
  const names: string[] = []
  for (const key of path) {
    names.push(node.node === 'each' ? node.name : key)
    if (node.node === 'setting') throw new Error(`nothing stands below ${names.join('.')}`)
    node = node.node === 'each' ? node.member : node.members[key]!
  }
  return names.join('.')
}

function setBy({ path, setting }: PlacedSetting): string {
  const variables = variablesOf(settings)
    .filter((one) => one.setting === setting)
    .map(({ name, path: at }) => {
      const member = at.find((key, index) => path[index] === '*' && key !== '*')
      return `\`${name.replace('*', '…')}\`${member === undefined ? '' : ` (${member})`}`
    })
  return [...(setting.flag === undefined ? [] : [`\`${setting.flag}\``]), ...variables].join(', ')
}

function defaultIn(placed: PlacedSetting): string {
  const { without, default: value } = placed.setting
  if (without !== undefined) return without
  return value === null ? '' : `\`${defaultOf(placed)}\``
}
