/** What was asked for cannot be done: a file that is not there, a name that does not exist. Not a fault of drover's. */
export class QuestionError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'QuestionError'
  }
}
