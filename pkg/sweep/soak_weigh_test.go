package sweep

import (
	"runtime"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// heap is what is reachable, in MB. Two collections: what has a finalizer goes with the
// second.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// renewAWS puts an AWS in the place of the one that there is which was made of its state.
// They are the same but for what they weigh: one that has lived shares text between its
// things, so that no other one tells how large it is. Nobody calls meanwhile: all is settled.
func (s *soak) renewAWS() {
	raw, err := s.aws.Export()
	if err == nil {
		s.aws, err = sandbox.Import(raw, s.options())
	}
	if err != nil {
		panic(err)
	}
}

// weighAWS is how large a renewed AWS is in memory: one more is made.
func (s *soak) weighAWS() float64 {
	without := heap()
	r, err := s.aws.Replica()
	if err != nil {
		panic(err)
	}
	with := heap()
	runtime.KeepAlive(r)
	return with - without
}

// Bounds of what may grow. A line through the evenings must rise by less than one
// percent a day: of what is kept of a fleet of a thousand that is a byte or two of each call,
// less than any object that a call could leave behind, and more than the garbage
// collector's own accounts move. Of a small fleet one percent is nothing, and what the weight
// of the AWS is off by is more. The aged operator may be larger than a new one by what
// it has met: the departed of the last hours, and room in its maps.
const (
	soakSlope = 0.01
	soakNoise = 0.2 // MB a day
	soakAged  = 1.25
	soakSlack = 2.0 // MB
	// soakMany is the fleet from which memory tells something: that of a few services
	// is less than what the runtime and the test have for themselves.
	soakMany = 100
)

// weighOperator is how much goes with the operator when it stops.
func (s *soak) weighOperator() float64 {
	with := heap()
	s.stop()
	return with - heap()
}

// ages says whether the operator has grown. It is stopped then.
func (s *soak) ages() {
	c := s.count
	for n, day := range c.Days {
		if most := c.Days[0].Goroutines + 4; day.Goroutines > most { // a call or a timer may be on its way
			c.wrong("day %d: %d goroutines, after the first day there were %d", n, day.Goroutines, c.Days[0].Goroutines)
		}
	}
	c.Slope = slope(c.Days)
	c.AgedMB = s.weighOperator()
	s.start()
	if s.settles(2*time.Hour) < 0 {
		c.wrong("an operator that begins on what is at rest does not settle: %.2000v", s.unwell())
	}
	c.NewMB = s.weighOperator()
	if len(s.fleet) < soakMany {
		return
	}
	if rise := c.Slope * c.Days[len(c.Days)-1].HeapMB; c.Slope > soakSlope && rise > soakNoise {
		c.wrong("the heap grows by %.1f %% or %.2f MB a day", 100*c.Slope, rise)
	}
	if most := c.NewMB*soakAged + soakSlack; c.AgedMB > most {
		c.wrong("the operator holds %.1f MB after %.0f hours, a new one %.1f MB", c.AgedMB, c.Hours, c.NewMB)
	}
}

// slope is that of the line through the evenings after the first, by least squares, as
// a share of their mean.
func slope(days []soakDay) float64 {
	if len(days) < 4 {
		return 0
	}
	days = days[1:]
	n, x, y, xx, xy := float64(len(days)), 0.0, 0.0, 0.0, 0.0
	for i, d := range days {
		x, y, xx, xy = x+float64(i), y+d.HeapMB, xx+float64(i*i), xy+float64(i)*d.HeapMB
	}
	return (n*xy - x*y) / (n*xx - x*x) / (y / n)
}
