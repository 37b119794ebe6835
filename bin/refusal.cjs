'use strict'

/** The line with which a Node of that version is turned away; null when it is new enough. */
function refusal(version) {
  if (Number(version.split('.')[0]) >= 24) return null
  return `assay: this is Node ${version}; Assay needs Node 24 or newer (https://nodejs.org)\n`
}

module.exports = { refusal }
