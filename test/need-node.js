// An older Node cannot even read a .ts file, and says so in words that help nobody. npm runs this before `start` and
// `test`; it is JavaScript that any Node understands.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `drover needs Node 24 or newer, and this is ${process.versions.node}; npm ci installs one: run npm ci, then try again\n`,
  )
  process.exit(1)
}
