// SPDX-License-Identifier: MIT
// GETs with net/http: so many goroutines, each asks again at once.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
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

func client(connections int, fresh bool, cacert string) *http.Client {
	transport := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		MaxConnsPerHost: connections, DisableKeepAlives: fresh, DisableCompression: true,
		TLSClientConfig: &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)}}
	if cacert != "" {
		text, err := os.ReadFile(cacert)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text)
	}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func get(client *http.Client, url string, expected *int64) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	atomic.CompareAndSwapInt64(expected, 0, int64(len(body)))
	return err == nil && response.StatusCode == 200 && int64(len(body)) == atomic.LoadInt64(expected)
}

func main() {
	about := flag.Bool("about", false, "")
	mode, url, cacert := flag.String("mode", "keep", "keep, fresh"), flag.String("url", "", ""), flag.String("cacert", "", "")
	connections, seconds := flag.Int("connections", 20, ""), flag.Float64("seconds", 5, "")
	flag.Parse()
	if *about {
		line(map[string]any{"name": "Go", "version": runtime.Version(), "modes": []string{"keep", "fresh"}})
		return
	}
	var gets, failed, expected int64
	var all sync.WaitGroup
	asker := client(*connections, *mode == "fresh", *cacert)
	start, used := time.Now(), cpu()
	until := start.Add(time.Duration(*seconds * 1e9))
	for i := 0; i < *connections; i++ {
		all.Add(1)
		go func() {
			for time.Now().Before(until) {
				if get(asker, *url, &expected) {
					atomic.AddInt64(&gets, 1)
				} else {
					atomic.AddInt64(&failed, 1)
				}
			}
			all.Done()
		}()
	}
	all.Wait()
	line(map[string]any{"requests_per_s": float64(gets) / time.Since(start).Seconds(),
		"cpu_us": (cpu() - used) / float64(gets), "gets": gets, "failed": failed, "tasks": gets + failed})
}
