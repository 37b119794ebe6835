import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { describeSubscriptions } from './contract.ts'

describeSubscriptions('embedded', () => openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null }))
