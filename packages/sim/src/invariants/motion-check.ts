/** S8: a VM has at most one migration at a time; none is asked for while one is in flight, though its hypervisor would refuse it. */
import type { Check, Scene } from './scene.ts'

export const createMotionCheck = ({ world, findings }: Pick<Scene, 'world' | 'findings'>): Check => ({
  world(event) {
    if (event.kind === 'migration-refused' && event.code === 'vm.job_active' && !event.byHand)
      findings.tell(
        'S8',
        `${event.from} began a second migration of ${world.vm(event.vm).name}, to ${event.to}`,
      )
  },
})
