/** How an action ends that its leader withdrew before it began. */
export const calledOff = {
  code: 'operator.called_off',
  detail: 'its leader withdrew it before it began',
} as const
