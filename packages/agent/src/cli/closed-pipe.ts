/** `drover … | head`: the reader closes the pipe before all is written. That is no fault: the program ends, and prints nothing. */
export const endWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}
