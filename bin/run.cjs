'use strict'
const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const args = process.argv.slice(2)
if (args[0] === 'up' || args[0] === 'serve') restartWithFlags()
enableCompileCache()
const compiled = join(__dirname, '..', 'dist', 'main.js')
// In the repository itself nothing may be built.
import(pathToFileURL(existsSync(compiled) ? compiled : join(__dirname, '..', 'cli', 'main.ts')).href)

/**
 * The same process goes on with flags that Node takes at its start only: what runs for weeks is worth another 30 ms, a check is
 * not. Windows has no such call, and does without.
 */
function restartWithFlags() {
  if (process.platform === 'win32') return
  const flags = require('../scripts/node-flags.mjs').nodeFlagsFor(args)
  // Whoever gave the heap another size knows better.
  const given = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`
  const missing = flags.filter((flag) => !given.includes(flag.split('=')[0]))
  if (missing.length === 0) return
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...missing, __filename, ...args])
}
