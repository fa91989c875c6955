package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Budget is what is left of one throttle category.
type Budget struct {
	Target, Category string
	Left             float64
}

// budgetCollector asks for the budgets when it is scraped, and not before.
type budgetCollector struct {
	desc *prometheus.Desc
	mu   sync.Mutex
	read func() []Budget
}

func newBudgetCollector(d Doc) *budgetCollector {
	return &budgetCollector{desc: prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)}
}

// WatchBudgets sets where the budgets are read from.
func (m *Metrics) WatchBudgets(read func() []Budget) {
	m.budget.mu.Lock()
	defer m.budget.mu.Unlock()
	m.budget.read = read
}

// Describe names the one metric.
func (c *budgetCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect reads the budgets.
func (c *budgetCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	read := c.read
	c.mu.Unlock()
	if read == nil {
		return
	}
	for _, b := range read() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, b.Left, b.Target, b.Category)
	}
}
