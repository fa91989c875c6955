package main

// phase is a stretch of the operator's life.
type phase struct {
	Calls calls   `json:"calls"`
	CPU   float64 `json:"cpuSeconds"`
	Wall  float64 `json:"wallSeconds"`
}

// steady is what a pass over an unchanged world costs, on average of some.
type steady struct {
	phase
	Passes int     `json:"passes"`
	MB     float64 `json:"allocatedMB"`
	Allocs float64 `json:"allocations"`
}

// edits are times from a saved file to the first call that writes, in milliseconds.
type edits struct {
	Samples int     `json:"samples"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
}

// scenario is one life of the operator over a fleet that is there.
type scenario struct {
	Ready     float64 `json:"startToReadySeconds"`
	Cold      phase   `json:"coldPass"`
	Steady    steady  `json:"steadyPass"`
	Edits     edits   `json:"editToFirstWriteMs"`
	PeakMB    float64 `json:"peakMemoryMB"`
	MappedMB  float64 `json:"mappedFileMB"` // of it, pages of the program's file
	Refused   int     `json:"refusedByTheWorld"`
	Throttles int     `json:"throttlesSeen"`
	Writes    int     `json:"writesInSteadyPasses"`
}

// result is everything about one size of fleet.
type result struct {
	Services int        `json:"services"`
	Measured string     `json:"measured"`
	Machine  string     `json:"machine"`
	Load     [2]string  `json:"loadAverageBeforeAndAfter"`
	Made     phase      `json:"madeFromNothing"`
	Free     scenario   `json:"free"` // of quotas
	Edit     phase      `json:"oneEdit"`
	Bare     bareResult `json:"bareSDK"`
	Quotas   *scenario  `json:"quotas,omitempty"`
	Latency  *scenario  `json:"latency50ms,omitempty"`
}
