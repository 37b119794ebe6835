/** `assay config check` and `show`, from the command line to an exit code. */
import { existsSync } from 'node:fs'
import type { ConfigFlags } from '../commands/config.ts'
import { exitCodes } from '../exit-codes.ts'
import { neededBy, ROLES, type RoleName, usedBy } from '../serve/serve-settings.ts'
import { shownPath } from './find-config.ts'
import { lineOf, type Problem } from './problem.ts'
import type { ResolveOptions } from './resolve.ts'
import { configPathOf, resolveSettings } from './resolve-settings.ts'
import { settings } from './settings.ts'
import { settingsTable, shownSetting } from './show.ts'
import { misspelt } from './variables.ts'

export function checkConfig(file: string | undefined, flags: ConfigFlags): number {
  const asked = askedOf(file, flags)
  if (!asked.ok) return refuse(asked.message)
  const { path, options } = asked
  const resolved = resolveSettings({ flags: {}, env: flags.fileOnly === true ? {} : process.env, path }, options)
  const problems = resolved.ok ? [] : resolved.problems
  const warnings = flags.fileOnly === true ? [] : misspelt(settings, process.env)
  const from = path === null ? 'the environment and defaults; there is no assay.yaml here or above' : shownPath(path)
  if (flags.json === true) {
    const report = {
      ok: resolved.ok,
      file: path === null ? null : shownPath(path),
      problems: problems.map(jsonOf),
      warnings,
    }
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  } else {
    for (const problem of problems) process.stdout.write(`${lineOf(problem)}\n`)
    for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`)
    const count = problems.length === 1 ? '1 error' : `${problems.length} errors`
    process.stdout.write(resolved.ok ? `fine: ${from}\n` : `${count}: ${from}\n`)
  }
  return resolved.ok ? exitCodes.ok : exitCodes.findings
}

export function showConfig(flags: ConfigFlags): number {
  const asked = askedOf(undefined, flags)
  if (!asked.ok) return refuse(asked.message)
  const { path, options } = asked
  const resolved = resolveSettings({ flags: {}, env: process.env, path }, { uses: options.uses ?? (() => true) })
  if (!resolved.ok) {
    for (const problem of resolved.problems) process.stderr.write(`assay config: ${lineOf(problem)}\n`)
    return exitCodes.findings
  }
  const { effective } = resolved
  if (flags.json === true) {
    const report = { file: path === null ? null : shownPath(path), settings: effective.map(shownSetting) }
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  } else process.stdout.write(settingsTable(effective))
  return exitCodes.ok
}

type Asked = { ok: true; path: string | null; options: ResolveOptions } | { ok: false; message: string }

function askedOf(file: string | undefined, flags: ConfigFlags): Asked {
  const path = configPathOf(file ?? flags.config, process.env)
  if (path !== null && !existsSync(path)) return { ok: false, message: `there is no file ${path}` }
  const roles = flags.role ?? []
  const strangers = roles.filter((role) => !isRole(role))
  if (strangers.length > 0)
    return { ok: false, message: `there is no role ${strangers.join(', ')}: the roles are ${ROLES.join(', ')}` }
  if (flags.fileOnly === true && path === null)
    return { ok: false, message: 'there is no assay.yaml here or above: name a file' }
  if (flags.fileOnly === true) return { ok: true, path, options: { uses: () => false } }
  if (roles.length === 0) return { ok: true, path, options: {} }
  const known = roles.filter(isRole)
  return {
    ok: true,
    path,
    options: { uses: usedBy(known), require: (isGiven) => neededBy(known, isGiven) },
  }
}

const isRole = (name: string): name is RoleName => ROLES.some((role) => role === name)

function jsonOf(problem: Problem): object {
  const { source, path, message } = problem
  return { source, setting: path, message, text: lineOf(problem) }
}

function refuse(message: string): number {
  process.stderr.write(`assay config: ${message}\n`)
  return exitCodes.usage
}
