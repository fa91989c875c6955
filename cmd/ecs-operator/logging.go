package main

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger writes to stderr: JSON for machines, one readable line for people.
func newLogger(c *console, g *globalOptions) *zap.Logger {
	level, err := zapcore.ParseLevel(g.logLevel)
	if err != nil {
		level = zapcore.InfoLevel // finalize has checked it
	}
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.StringDurationEncoder
	config.TimeKey = "time"
	var encoder zapcore.Encoder
	if g.console(c) {
		config.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		config.EncodeLevel = zapcore.LowercaseLevelEncoder
		config.ConsoleSeparator = " "
		config.CallerKey, config.StacktraceKey = "", ""
		encoder = zapcore.NewConsoleEncoder(config)
	} else {
		encoder = zapcore.NewJSONEncoder(config)
	}
	log := zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(c.err)), level))
	if g.sandboxed() {
		log = log.With(zap.Bool("sandbox", true))
	}
	return log
}

// console reports whether people read along.
func (g *globalOptions) console(c *console) bool {
	if g.logFormat == "" {
		return c.outTTY
	}
	return g.logFormat == "console"
}
