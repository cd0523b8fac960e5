// SPDX-License-Identifier: MIT
// The modes of bench/bench_micro.c that a goroutine can have. Where ours has one thread, so has this.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	tasks = flag.Int("tasks", 1, "how many there are at once")
	count = flag.Int("count", 0, "how often, all together; 0: the mode's own number")
)

func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// What the thread that had to wait longest for a CPU has waited.
func waited() (most float64) {
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, name := range files {
		var ran, waited float64
		text, _ := os.ReadFile(name)
		if fmt.Sscan(string(text), &ran, &waited); waited/1e9 > most {
			most = waited / 1e9
		}
	}
	return
}

func line(figures map[string]any) {
	if figures["name"] == nil {
		figures["cpu_wait_s"] = waited()
	}
	text, _ := json.Marshal(figures)
	fmt.Println(string(text))
}

// Runs body, which does something so many times, and prints what one of them took.
func each(number int, body func()) {
	start, used := time.Now(), cpu()
	body()
	line(map[string]any{"ns": float64(time.Since(start)) / float64(number),
		"cpu_ns": float64(cpu()-used) / float64(number), "tasks": *tasks, "count": number})
}

func times(usual int) int {
	if *count > 0 {
		return *count
	}
	return usual
}

func yield() {
	runtime.GOMAXPROCS(1)
	gate, own := make(chan struct{}), times(5000000) / *tasks
	var all sync.WaitGroup
	all.Add(*tasks)
	for i := 0; i < *tasks; i++ {
		go func() {
			<-gate
			for i := 0; i < own; i++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	runtime.Gosched()
	each(own**tasks, func() { close(gate); all.Wait() })
}

func create() {
	runtime.GOMAXPROCS(1)
	number := times(1000000)
	each(number, func() {
		for i := 0; i < number; i++ {
			go func() {}()
			if i%100 == 99 {
				runtime.Gosched()
			}
		}
	})
}

func timers() {
	runtime.GOMAXPROCS(1)
	rounds := times(2000000) / *tasks
	if rounds < 1 {
		rounds = 1
	}
	each(rounds**tasks, func() {
		for i := 0; i < rounds; i++ {
			var all sync.WaitGroup
			all.Add(*tasks)
			for j := 0; j < *tasks; j++ {
				time.AfterFunc(time.Duration(rand.Intn(*tasks*10)), all.Done)
			}
			all.Wait()
		}
	})
}

// VmRSS and VmPTE, in bytes.
func resident() int {
	text, _ := os.ReadFile("/proc/self/status")
	sum := 0
	for _, row := range strings.Split(string(text), "\n") {
		var name string
		var value int
		if fmt.Sscan(row, &name, &value); name == "VmRSS:" || name == "VmPTE:" {
			sum += value * 1024
		}
	}
	return sum
}

func gateMode() {
	gate, complete := make(chan struct{}), make(chan struct{})
	var live int64
	var all sync.WaitGroup
	all.Add(*tasks)
	before, start := resident(), time.Now()
	for i := 0; i < *tasks; i++ {
		go func() {
			if atomic.AddInt64(&live, 1) == int64(*tasks) {
				close(complete)
			}
			<-gate
			time.Sleep(time.Second)
			all.Done()
		}()
	}
	<-complete
	bytes := resident() - before
	close(gate)
	all.Wait()
	line(map[string]any{"peak_live": live, "bytes_each": bytes / *tasks, "all_s": time.Since(start).Seconds()})
}

func sleep() {
	number := times(300)
	late := make([]float64, number)
	for i := range late {
		length := time.Duration(1000000 + i*617%1000*1000)
		start := time.Now()
		time.Sleep(length)
		late[i] = float64(time.Since(start)-length) / 1e3
	}
	sort.Float64s(late)
	line(map[string]any{"late_p50_us": late[number/2], "late_p99_us": late[number*99/100],
		"late_max_us": late[number-1], "count": number})
}

func main() {
	modes := map[string]func(){"yield": yield, "create": create, "timers": timers, "gate": gateMode, "sleep": sleep}
	about, mode := flag.Bool("about", false, ""), flag.String("mode", "", "yield, create, timers, gate, sleep")
	flag.Parse()
	if *about {
		names := []string{}
		for name := range modes {
			names = append(names, name)
		}
		sort.Strings(names)
		line(map[string]any{"name": "Go", "version": runtime.Version(), "modes": names})
	} else if run := modes[*mode]; run != nil {
		run()
	} else {
		flag.Usage()
		os.Exit(2)
	}
}
