/**
 * Labels: what its owner says of a VM, in the VM's own metadata, so that rules can speak of a kind of VM instead of a list of them.
 * They travel with the VM. Sorted, each once; absent where there is none, as for nearly all VMs.
 */
export interface Labelled {
  readonly labels?: readonly string[]
}

/** The labels alone, for another description of the same VM. */
export const labelsOf = ({ labels }: Labelled): Labelled => (labels === undefined ? {} : { labels })

/** Not said by an object's identity: every sample reads them anew. */
export const sameLabels = (a: Labelled, b: Labelled): boolean =>
  a.labels === b.labels || a.labels?.join('\n') === b.labels?.join('\n')
