/** SARIF 2.1.0, which code-scanning platforms take: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
import { pathToFileURL } from 'node:url'
import { CODES, type Code, severityOf } from '../../dsl/diagnostics/codes.ts'
import type { Diagnostic, Fix } from '../../dsl/diagnostics/diagnostic.ts'
import type { Source } from '../../dsl/source.ts'
import { VERSION } from '../version.ts'
import { pathBelow } from './paths.ts'
import type { CheckReport } from './report.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
const ROOT_ID = '%SRCROOT%'

/** Paths are relative to `root`, the repository's; what lies outside has a `file:` address. */
export function sarifReport({ diagnostics, sources }: CheckReport, root: string): string {
  const codes = Object.keys(CODES).sort() as Code[]
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'assay', semanticVersion: VERSION, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [ROOT_ID]: { description: { text: 'The root of the repository.' } } },
        results: diagnostics.map((diagnostic) =>
          resultOf(diagnostic, codes.indexOf(diagnostic.code), sources.get(diagnostic.file), root),
        ),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(code: Code): object {
  const { title, story, example } = CODES[code]
  const help = `${story}\n\nassay explain ${code} tells this in a terminal.`
  const markdown =
    example === ''
      ? story
      : `${story}\n\nAn example that has it:\n\n\`\`\`\n${example.replaceAll('```', "'''")}\`\`\`\n`
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: story },
    help: { text: help, markdown },
    defaultConfiguration: { level: severityOf(code) },
  }
}

function resultOf(diagnostic: Diagnostic, ruleIndex: number, source: Source | undefined, root: string): object {
  const { code, severity, message, file, line, label, notes, fix } = diagnostic
  const text = [label === null ? message : `${message} (${label})`, ...notes].join('\n')
  const artifactLocation = artifactOf(file, root)
  const region = line === 0 ? {} : { region: regionOf(diagnostic) }
  const fixes = fix === null || source === undefined ? null : fixOf(fix, artifactLocation, source)
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text },
    locations: [{ physicalLocation: { artifactLocation, ...region } }],
    ...(fixes === null ? {} : { fixes: [fixes] }),
  }
}

interface Region {
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
}

/** SARIF counts as we do: lines and columns from 1, the end exclusive, in the units that `columnKind` names. */
function regionOf({ line, column, endLine, endColumn }: Diagnostic): Region {
  return { startLine: line, startColumn: column, endLine, endColumn }
}

/** Null for what the author has to decide: SARIF's fixes are made at the press of a button. */
function fixOf({ title, options, edit }: Fix, artifactLocation: object, source: Source): object | null {
  if (edit === undefined) return null
  const start = source.position(edit.start)
  const end = source.position(edit.end)
  const deletedRegion: Region = {
    startLine: start.line,
    startColumn: start.column,
    endLine: end.line,
    endColumn: end.column,
  }
  return {
    description: { text: `${title} ${options.map((option) => option.text).join(' ')}` },
    artifactChanges: [{ artifactLocation, replacements: [{ deletedRegion, insertedContent: { text: edit.text } }] }],
  }
}

function artifactOf(file: string, root: string): { uri: string; uriBaseId?: string } {
  if (file.startsWith('assay:')) return { uri: file }
  const path = pathBelow(root, file)
  if (path === null) return { uri: pathToFileURL(file).href }
  return { uri: path.split('/').map(encodeURIComponent).join('/'), uriBaseId: ROOT_ID }
}
