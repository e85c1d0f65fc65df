// Command json measures encoding/json of Go on the stream the Swift benchmark wrote: decoding into structs of the same
// shape and encoding them again, operations per second of CPU time.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

type meta struct {
	Name              string            `json:"name,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Generation        int64             `json:"generation,omitempty"`
	CreationTimestamp *time.Time        `json:"creationTimestamp,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
}

type reference struct {
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

type importPolicy struct {
	Insecure   bool   `json:"insecure,omitempty"`
	Scheduled  bool   `json:"scheduled,omitempty"`
	ImportMode string `json:"importMode,omitempty"`
}

type referencePolicy struct {
	Type string `json:"type"`
}

type tag struct {
	Name            string            `json:"name"`
	Annotations     map[string]string `json:"annotations"`
	From            *reference        `json:"from,omitempty"`
	Reference       bool              `json:"reference,omitempty"`
	Generation      *int64            `json:"generation"`
	ImportPolicy    importPolicy      `json:"importPolicy"`
	ReferencePolicy referencePolicy   `json:"referencePolicy"`
}

type event struct {
	Created              time.Time `json:"created"`
	DockerImageReference string    `json:"dockerImageReference"`
	Image                string    `json:"image"`
	Generation           int64     `json:"generation"`
}

type history struct {
	Tag   string  `json:"tag"`
	Items []event `json:"items"`
}

type lookupPolicy struct {
	Local bool `json:"local"`
}

type spec struct {
	LookupPolicy lookupPolicy `json:"lookupPolicy"`
	Tags         []tag        `json:"tags,omitempty"`
}

type status struct {
	DockerImageRepository string    `json:"dockerImageRepository"`
	Tags                  []history `json:"tags,omitempty"`
}

type stream struct {
	Kind       string `json:"kind,omitempty"`
	APIVersion string `json:"apiVersion,omitempty"`
	Metadata   meta   `json:"metadata"`
	Spec       spec   `json:"spec"`
	Status     status `json:"status"`
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
}

func measure(name string, operation func()) {
	best := 0.0
	for range 5 {
		start, count := cpu(), 0
		elapsed := 0.0
		for elapsed < 0.2 {
			for range 100 {
				operation()
			}
			count += 100
			elapsed = cpu() - start
		}
		best = max(best, float64(count)/elapsed)
	}
	fmt.Printf("%s: %d/s\n", name, int(best))
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var sample stream
	if err := json.Unmarshal(text, &sample); err != nil {
		panic(err)
	}
	again, err := json.Marshal(&sample)
	if err != nil {
		panic(err)
	}
	fmt.Printf("go json: stream of %d bytes, written again identically: %t\n", len(text), string(again) == string(text))
	measure("go json: decode into structs", func() { var s stream; _ = json.Unmarshal(text, &s) })
	measure("go json: encode structs", func() { _, _ = json.Marshal(&sample) })
	measure("go json: decode and encode structs", func() {
		var s stream
		_ = json.Unmarshal(text, &s)
		_, _ = json.Marshal(&s)
	})
}
