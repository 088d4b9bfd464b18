/** What is expected of the demand to come, as data: of each VM, and of the hosts and VMs of a problem. */

/** What is expected of a problem's hosts and VMs. */
export interface Forecast {
  /** A move that cures no overload must save at least so much, ms of overload. */
  readonly gainMsMin: number
  /** As `Problem.hosts`, in their order. */
  readonly hosts: readonly {
    readonly usableMilli: number
    readonly turnoverS: number
    /** Its VMs may leave although it is not overloaded. */
    readonly mayLeave: boolean
    /** What is foreseen for it is to be believed: only then do its VMs leave, or others come, by it. */
    readonly foresees: boolean
  }[]
  /** As `Problem.vms`, in their order. */
  readonly vms: readonly VmForecast[]
}

/** What is expected of one VM: its demand now, where it tends to, how far it strays. */
export interface VmForecast {
  readonly nowMilli: number
  readonly meanMilli: number
  /** cpuMilli² */
  readonly variance: number
}
