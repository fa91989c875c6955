package sweep

import "time"

// bound is what a fault may add to the reference's time: two reconcile intervals and the
// longest backoff (promise P1).
const bound = 10 * time.Minute
