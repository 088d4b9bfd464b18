/** How a migration ends whose destination's promise cannot be counted on any more: it has not begun, and will not. */
export const lateAdmission = {
  code: 'host.unreachable',
  detail: 'the admission came too late to use',
} as const
