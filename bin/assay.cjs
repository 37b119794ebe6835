#!/usr/bin/env node
// The installed command. This file and `refusal.cjs` are read by whatever Node there is, so they keep to what all of them know.
'use strict'
const { refusal } = require('./refusal.cjs')

const message = refusal(process.versions.node)
if (message === null) require('./run.cjs')
else {
  process.stderr.write(message)
  process.exitCode = 2
}
