/** Stored traces of a data folder that no Assay is running on. */
import { messageOf } from '../../engine/message-of.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { SourceError, type TraceSource } from './source.ts'

const TENANT = 'default'
const SPANS_PER_PAGE = 10_000

/** `path` has traces: `placeOf` has looked. */
export async function openFolderSource(path: string): Promise<TraceSource> {
  const opened = openDataFolder(path)
  if (!opened.ok) throw new SourceError(opened.message)
  const { folder } = opened
  try {
    const traces = await openTraces({ dataDir: folder.path })
    await traces.migrate()
    return {
      shown: `the data folder ${path}`,
      plan: async () => null,
      pages: (window) => traces.spanPages(TENANT, window, SPANS_PER_PAGE),
      read: (window, page, fields) => traces.readSpanPage(TENANT, { ...window, ...page, fields }),
      results: (page, evalIds) => traces.resultsOfPage(TENANT, page, evalIds),
      trace: (traceId) => traces.getTrace(TENANT, traceId),
      close: async () => {
        await traces.close()
        folder.close()
      },
    }
  } catch (error) {
    folder.close()
    throw new SourceError(`the traces in ${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}
