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
    /** Its forecast is to be believed: only then may its VMs leave, or others come, because of a forecast. */
    readonly foresees: boolean
  }[]
  /** As `Problem.vms`, in their order. */
  readonly vms: readonly VmForecast[]
}

/** What is expected of one VM: its demand now, the mean that it returns to, and the variance about that. */
export interface VmForecast {
  readonly nowMilli: number
  readonly meanMilli: number
  /** cpuMilli² */
  readonly variance: number
}
