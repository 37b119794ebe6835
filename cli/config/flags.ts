/** The command line's share of the table. */
import type { Command } from 'commander'
import { collect } from '../commands/collect.ts'
import { type PlacedSetting, settingsBelow } from './setting.ts'
import { settings } from './settings.ts'

/** Those of whatever evaluates. `assay forward` stands before it, and has its own. */
const ofInstance = ({ path }: PlacedSetting): boolean => path[0] !== 'forward'

/** Adds `--config` and a flag for each setting that has one. */
export function addSettingFlags(command: Command, which: (placed: PlacedSetting) => boolean = ofInstance): Command {
  for (const placed of settingsBelow(settings)) {
    const { flag, argument = '<value>', about, variables } = placed.setting
    if (flag === undefined || !which(placed)) continue
    const isList = Array.isArray(placed.setting.default)
    const variable = variables === undefined ? '' : `; ${variables[0]}`
    const text = `${about.replaceAll('`', '')}${isList ? ', repeatable' : ''} (${defaultOf(placed)}${variable})`
    if (isList) command.option(`${flag} ${argument}`, text, collect)
    else command.option(`${flag} ${argument}`, text)
  }
  return command.option(
    '--config <file>',
    'configuration (assay.yaml here or above, up to the root of the repository; ASSAY_CONFIG)',
  )
}

/** What holds without it, in words. */
export function defaultOf({ setting }: Pick<PlacedSetting, 'setting'>): string {
  if (setting.without !== undefined) return setting.without.replaceAll('`', '')
  return setting.default === null ? 'none' : String(setting.default)
}
