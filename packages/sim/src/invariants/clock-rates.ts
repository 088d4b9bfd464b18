/** Monotonic clocks of agents go wrong by one part in a hundred at most (docs/architecture.md, Promises): what the observer allows for. */
export const clockRateMax = 1.01
export const clockRateMin = 0.99
