/** "Run test" above each test, and what came of it. */
import {
  type CodeLens,
  type Connection,
  DiagnosticSeverity,
  MessageType,
  type ServerCapabilities,
  ShowMessageNotification,
  type Diagnostic as Shown,
} from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { explanationText } from '../../engine/evaluate/explain/text.ts'
import type { TestOutcome } from '../../engine/testing/report.ts'
import { runTests } from '../../engine/testing/run-tests.ts'
import { tracesFile } from '../load-evals.ts'
import { TraceFiles } from '../trace-files.ts'
import { rangeOf } from './convert.ts'
import { pathOf } from './paths.ts'
import type { Session } from './session.ts'

const RUN_TEST = 'assay.runTest'

/** What `assay.runTest` answers; its arguments are the file's address and, for one test alone, its name. */
export interface TestRun {
  readonly ok: boolean
  readonly message: string
  readonly passed: number
  readonly failed: number
}

/** Registers lens and command; returns what the server says it can. */
export function registerTestLens(connection: Connection, session: Session): Partial<ServerCapabilities> {
  const { workspace } = session

  connection.onCodeLens(({ textDocument: { uri } }) => {
    const path = pathOf(uri)
    const [text, module] = [session.document(path), workspace.module(path)]
    if (text === null || module === null) return []
    const lenses = module.tests.map(({ name, span }): CodeLens => {
      const range = rangeOf(text, { start: span.start, end: span.start })
      return { range, command: { title: 'run test', command: RUN_TEST, arguments: [uri, name.value] } }
    })
    const [first] = lenses
    if (first === undefined || lenses.length === 1) return lenses
    const all = { title: `run ${lenses.length} tests`, command: RUN_TEST, arguments: [uri] }
    return [...lenses, { range: first.range, command: all }]
  })

  connection.onExecuteCommand(({ command, arguments: given }): TestRun | null => {
    const [uri, name] = (given ?? []) as unknown[]
    if (command !== RUN_TEST || typeof uri !== 'string') return null
    const run = runIn(pathOf(uri), typeof name === 'string' ? name : null)
    const type = run.ok ? MessageType.Info : MessageType.Error
    void connection.sendNotification(ShowMessageNotification.type, { type, message: run.message })
    return run
  })

  function runIn(path: string, name: string | null): TestRun {
    const none = { ok: false, passed: 0, failed: 0 }
    const document = session.document(path)
    const files = new TraceFiles()
    const plan = workspace.plan(path, (from, file) => tracesFile(from, file, { readTraceFile: files.read }))
    if (document === null || plan === null) return { ...none, message: 'the file has errors: no test can be run' }
    const filter = (test: { name: string; file: string }): boolean =>
      test.file === path && (name === null || test.name === name)
    const { tests, passed, failed } = runTests(plan, { filter, traceOf: files.traceOf })
    if (tests.length === 0) return { ...none, message: `there is no test "${name ?? ''}" in this file` }
    session.setOutcomes(
      path,
      tests.flatMap((test) => shownOutcome(test, document)),
    )
    return { ok: failed === 0, passed, failed, message: messageOf(tests, passed, failed) }
  }

  return { codeLensProvider: {}, executeCommandProvider: { commands: [RUN_TEST] } }
}

function messageOf(tests: readonly TestOutcome[], passed: number, failed: number): string {
  const [only] = tests
  if (only !== undefined && tests.length === 1) {
    const wrong = only.expectations.find((one) => !one.ok)
    const why = wrong === undefined ? '' : `: ${wrong.target} expected ${wrong.expected}, got ${wrong.actual}`
    return `"${only.name}" ${only.status === 'todo' ? 'is to do' : only.status}${why}`
  }
  return failed === 0 ? `${passed} tests passed` : `${passed} passed, ${failed} failed`
}

function shownOutcome(test: TestOutcome, document: TextDocument): Shown[] {
  const lineAt = (line: number, severity: DiagnosticSeverity, message: string): Shown => {
    const start = document.offsetAt({ line: line - 1, character: 0 })
    const text = document.getText().slice(start).split(/\r?\n/, 1)[0] ?? ''
    const range = rangeOf(document, { start: start + text.length - text.trimStart().length, end: start + text.length })
    return { range, severity, source: 'assay test', message }
  }
  if (test.ok) return [lineAt(test.line, DiagnosticSeverity.Hint, `test "${test.name}" ${test.status}`)]
  return test.expectations
    .filter((one) => !one.ok)
    .map(({ line, target, expected, actual, why, tree }) => {
      const parts = [
        `${target}: expected ${expected}, got ${actual}`,
        why ?? '',
        tree === undefined ? '' : explanationText(tree),
      ]
      return lineAt(line, DiagnosticSeverity.Error, parts.filter((part) => part !== '').join('\n'))
    })
}
