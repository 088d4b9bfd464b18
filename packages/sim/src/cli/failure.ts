/** What was wrong with a question ends with exit code 2, as everywhere in drover. */
import { CliFailure, exitCode } from '@drover/agent/cli'
import { QuestionError } from '../experiment/question-error.ts'
import { FileError } from '../workload/csv.ts'

export const usage = (text: string): CliFailure => new CliFailure(exitCode.usage, 'usage', text)

/** Runs it, and turns what it throws of a wrong question into the failure of a command. */
export const asUsage = async <T>(what: () => T | Promise<T>): Promise<T> => {
  try {
    return await what()
  } catch (error) {
    if (error instanceof QuestionError || error instanceof FileError) throw usage(error.message)
    throw error
  }
}
